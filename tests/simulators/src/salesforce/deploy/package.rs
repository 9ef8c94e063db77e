//! An archive's files sorted into components, in the order in which they are deployed.

use super::archive::Files;
use super::element::{Element, Fault, document};
use super::report::Component;
use super::{DeployOptions, field, layout, list_view, manifest, permission_set};
use crate::salesforce::organisation::Organisation;

/// The files below the folder that holds `package.xml`, and its members.
pub(super) struct Package {
    files: Vec<(String, String)>,
    members: Vec<(String, String)>,
}

pub(super) fn read(files: &Files) -> Result<Package, Fault> {
    // At the root, or in the one folder that the archive has.
    let manifest =
        files.keys().filter(|path| *path == "package.xml" || path.ends_with("/package.xml"));
    let manifest =
        manifest.min_by_key(|path| path.matches('/').count()).ok_or("No package.xml found")?;
    let folder = manifest.strip_suffix("package.xml").unwrap_or_default().to_owned();
    let mut package = Package { files: Vec::new(), members: Vec::new() };
    for (path, content) in files {
        let Some(path) = path.strip_prefix(&folder) else {
            continue;
        };
        let content = String::from_utf8(content.clone())
            .map_err(|_| format!("Error parsing file: {path} is not UTF-8"))?;
        if path == "package.xml" {
            package.members = manifest::read(&content)?;
        } else {
            package.files.push((path.to_owned(), content));
        }
    }
    Ok(package)
}

impl Organisation {
    /// Deploys all components, or none when one fails and that is wished.
    pub(super) fn deploy(&mut self, package: &Package, options: DeployOptions) -> Vec<Component> {
        let before = (self.objects.clone(), self.objects_changed, self.records.clone());
        let (sets, others) =
            (self.deployments.permission_sets.clone(), self.deployments.others.clone());
        let mut components = vec![Component::package_xml(None)];
        // Fields first: what follows may name them.
        for (folder, read) in [
            ("objects/", Self::deploy_object as Deploy),
            ("layouts/", Self::deploy_layout),
            ("permissionsets/", Self::deploy_permission_set),
        ] {
            let files = package.files.iter().filter(|(path, _)| path.starts_with(folder));
            for (path, content) in files {
                let name = path
                    .strip_prefix(folder)
                    .and_then(|name| name.rsplit_once('.'))
                    .map_or("", |(name, _)| name);
                components.extend(read(self, path, name, content));
            }
        }
        let deployed = |(kind, name): &&(String, String)| {
            components.iter().any(|component| component.is(kind, name))
        };
        let missing: Vec<Component> =
            package.members.iter().filter(|member| !deployed(member)).map(not_found).collect();
        components.extend(missing);
        for component in &mut components {
            component.check_member(&package.members);
        }
        let failed = components.iter().any(|component| component.fault.is_some());
        if options.check_only || (failed && options.rollback_on_error) {
            (self.objects, self.objects_changed, self.records) = before;
            (self.deployments.permission_sets, self.deployments.others) = (sets, others);
        }
        components
    }

    /// `objects/Opportunity.object`: fields and list views of one object.
    fn deploy_object(&mut self, path: &str, name: &str, content: &str) -> Vec<Component> {
        let whole = |fault: Fault| vec![Component::of("CustomObject", name, path).failed(fault)];
        let document = match document(content, "CustomObject") {
            Ok(document) => document,
            Err(fault) => return whole(fault),
        };
        let object = Element::new(document.root_element(), "CustomObject");
        if let Err(fault) = object.allows(&["fullName", "fields", "listViews"]) {
            return whole(fault + " (or not part of this simulator)");
        }
        let mut components = Vec::new();
        for element in object.children("fields", "CustomField") {
            let full = format!("{name}.{}", element.text("fullName").unwrap_or_default());
            let component = Component::of("CustomField", &full, path);
            components.push(component.ended(field::deploy(self, name, element)));
        }
        for element in object.children("listViews", "ListView") {
            let full = format!("{name}.{}", element.text("fullName").unwrap_or_default());
            let component = Component::of("ListView", &full, path);
            components.push(component.ended(list_view::deploy(self, name, &full, element)));
        }
        components
    }

    fn deploy_layout(&mut self, path: &str, name: &str, content: &str) -> Vec<Component> {
        let name = percent_decoded(name);
        let ended = document(content, "Layout").and_then(|document| {
            layout::deploy(self, &name, Element::new(document.root_element(), "Layout"))
        });
        vec![Component::of("Layout", &name, path).ended(ended)]
    }

    fn deploy_permission_set(&mut self, path: &str, name: &str, content: &str) -> Vec<Component> {
        let ended = document(content, "PermissionSet").and_then(|document| {
            permission_set::deploy(
                self,
                name,
                Element::new(document.root_element(), "PermissionSet"),
            )
        });
        vec![Component::of("PermissionSet", name, path).ended(ended)]
    }
}

type Deploy = fn(&mut Organisation, &str, &str, &str) -> Vec<Component>;

fn not_found((kind, name): &(String, String)) -> Component {
    let fault = format!(
        "An object '{name}' of type {kind} was named in package.xml, but was not found in zipped \
         directory"
    );
    Component::of(kind, name, "package.xml").failed(fault)
}

/// File names have what is no letter, digit or blank in percent form.
fn percent_decoded(name: &str) -> String {
    let form = name.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(form.as_bytes())
        .next()
        .map(|(text, _)| text.into_owned())
        .unwrap_or_default()
}
