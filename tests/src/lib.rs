//! The whole system on one machine: local AWS, both simulators, the real functions.
//!
//! `make run` and `make demo` are this library's program, `local-stack`; the end-to-end tests start
//! the same stack on free ports.

pub mod crm;
pub mod functions;
pub mod ministack;
pub mod people;
pub mod seller;
pub mod stack;
pub mod story;
pub mod workspace;

pub use stack::LocalStack;
