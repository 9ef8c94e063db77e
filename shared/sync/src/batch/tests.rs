use super::*;

#[test]
fn retries_spread_out_stay_bounded_and_obey_the_service() {
    let wait = |kind, receives| {
        retry_after(&Failure::new(System::Crm, kind, "ordered by the test"), receives).as_secs()
    };
    let waits: Vec<u64> = (1..=6).map(|receives| wait(FailureKind::Transient, receives)).collect();
    assert_eq!(waits, [5, 15, 45, 135, 405, 600]);
    let throttled = |seconds| FailureKind::Throttled { retry_after: Duration::from_secs(seconds) };
    assert_eq!(
        (wait(throttled(41), 1), wait(throttled(1), 4), wait(throttled(86_400), 1)),
        (41, 135, 600)
    );
}
