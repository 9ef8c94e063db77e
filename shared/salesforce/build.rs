//! Checks the mapping for this CRM and embeds its checked form.

#[path = "src/mapped.rs"]
mod mapped;

fn main() -> std::io::Result<()> {
    cosell_mapping_check::embed(&mapped::CRM, &[])
}
