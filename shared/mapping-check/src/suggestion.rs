//! What somebody who mistyped a name may have meant.

/// The candidate that is nearest to `text`, if any is near enough to be a slip: a third of its
/// characters may differ, and its case.
pub(crate) fn nearest<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let text = text.to_lowercase();
    let limit = (text.chars().count() / 3).max(1);
    let distances = candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&text, &candidate.to_lowercase()), candidate));
    let (_, nearest) = distances
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)?;
    Some(nearest)
}

/// ` (did you mean …?)` or nothing.
pub(crate) fn hint<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(text, candidates)
        .map_or_else(String::new, |nearest| format!(" (did you mean `{nearest}`?)"))
}
