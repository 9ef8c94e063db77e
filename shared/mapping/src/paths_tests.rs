use super::*;

#[test]
fn no_path_stands_twice_and_every_parent_stands_too() {
    for (at, property) in PATHS.iter().enumerate() {
        let path = property.path;
        assert!(PATHS[..at].iter().all(|other| !other.path.eq_ignore_ascii_case(path)), "{path}");
        if let Some((parent, _)) = path.rsplit_once('.').filter(|_| !path.starts_with('@')) {
            let parent = PATHS.iter().find(|property| property.path == parent);
            let is_parent = parent.is_some_and(|parent| {
                matches!(parent.holds, Holds::Block | Holds::List | Holds::Solutions | Holds::Open)
            });
            assert!(is_parent, "{path}");
        }
    }
}

#[test]
fn every_path_of_the_contract_stands_here() {
    let contract = include_str!("../../../docs/contracts/partner-center.md");
    let section = |number: &str| {
        let (_, rest) = contract.split_once(&format!("\n### {number} ")).unwrap();
        rest.split("\n### ").next().unwrap()
    };
    for (number, prefix) in
        [("2.1", ""), ("2.2", "customerProfile."), ("2.5", "consent."), ("2.6", "details.")]
    {
        let rows = section(number).lines().filter(|line| line.starts_with("| `"));
        let mut names = 0;
        for row in rows.take_while(|row| !row.starts_with("| `CustomerMarketplaceIntent`")) {
            let cell = row.split('|').nth(1).unwrap();
            for name in cell.split('`').skip(1).step_by(2) {
                names += 1;
                assert!(property(&format!("{prefix}{name}")).is_some(), "{prefix}{name}");
            }
        }
        assert!(names > 4, "section {number}");
    }
}

#[test]
fn what_a_new_deal_needs_can_be_written_on_creation() {
    for (path, _) in NEEDED {
        let property = property(path).unwrap();
        assert!(matches!(property.access, Access::Free | Access::Locked), "{path}");
    }
}

/// The documented paths: `path`, and whether and when it is written.
#[test]
fn the_document_has_every_path_that_a_rule_can_name() {
    let (_, document) =
        include_str!("../../../docs/mapping.md").split_once("\n## Paths\n").unwrap();
    let mut documented: Vec<(String, &str)> = Vec::new();
    for row in document.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        documented.push((cells[1].trim_matches('`').replace(".N", ".*"), cells[3]));
    }
    let named =
        PATHS.iter().filter(|property| !matches!(property.holds, Holds::Block | Holds::List));
    let expected: Vec<(String, &str)> = named
        .map(|property| {
            let written = match property.access {
                Access::Free => "always",
                Access::Locked => "on creation",
                Access::ReadOnly => "no",
                Access::Governed => "no: the sync does",
                Access::Unstated => "perhaps",
            };
            (property.path.to_owned(), written)
        })
        .collect();
    assert_eq!(documented, expected);
}
