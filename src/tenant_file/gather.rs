//! Which files are meant, and what stands in them.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::document::TenantFile;
use super::fault::{Fault, Faults};
use super::secrets::Sources;
use super::yaml::{self, MAX_BYTES};

const STDIN: &str = "-";
const ENDINGS: [&str; 3] = [".yaml", ".yml", ".json"];

/// The tenants of all `paths`: files, folders of them, or `-` for standard input. Everything that is wrong in them is told at
/// once.
pub(super) fn gather(paths: &[PathBuf], environment: &HashMap<String, String>) -> anyhow::Result<Vec<TenantFile>> {
    let mut found: Vec<TenantFile> = Vec::new();
    let mut faults = Vec::new();
    for path in expand(paths)? {
        let (text, name) = read(&path)?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let sources = Sources { environment, folder };
        let documents = yaml::parse(&text).unwrap_or_else(|fault| {
            faults.push(Fault { file: name.clone(), ..fault });
            Vec::new()
        });
        for document in documents {
            match TenantFile::read(document, &name, &sources) {
                Ok(file) => match found.iter().find(|held| held.tenant == file.tenant) {
                    Some(held) => {
                        let detail = format!("expected each tenant once: {} has it, too", held.file);
                        faults.push(file.fault("/tenant/id", &detail));
                    }
                    None => found.push(file),
                },
                Err(told) => faults.extend(told),
            }
        }
    }
    if !faults.is_empty() {
        return Err(Faults(faults).into());
    }
    ensure!(!found.is_empty(), "there is no tenant in these files");
    Ok(found)
}

fn expand(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.as_os_str() == STDIN || !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside = tenants_in(path)?;
        for folder in entries(path)?.into_iter().filter(|entry| entry.is_dir()) {
            inside.extend(tenants_in(&folder)?);
        }
        let shown = path.display();
        ensure!(!inside.is_empty(), "there is no tenant.yaml and no NAME.tenant.yaml in {shown} or in a folder in it");
        files.extend(inside);
    }
    Ok(files)
}

/// The files in `folder` that are of tenants: rules and dashboards may lie beside them.
fn tenants_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let is_tenant = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        ENDINGS.iter().any(|ending| {
            let stem = name.strip_suffix(ending);
            stem.is_some_and(|stem| stem == "tenant" || stem.ends_with(".tenant"))
        })
    };
    Ok(entries(folder)?.into_iter().filter(|path| path.is_file() && is_tenant(path)).collect())
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let failed = || format!("cannot look into {}", folder.display());
    let entries = fs::read_dir(folder).with_context(failed)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>().with_context(failed)?;
    paths.sort();
    Ok(paths)
}

/// The text of a file, and what it is called.
fn read(path: &Path) -> anyhow::Result<(String, String)> {
    let (name, mut source): (String, Box<dyn Read>) = if path.as_os_str() == STDIN {
        ("standard input".to_owned(), Box::new(std::io::stdin()))
    } else {
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
        (name, Box::new(file))
    };
    // One byte more than there may be, so that a larger file is told from one of just this size.
    let mut bytes = Vec::new();
    source
        .by_ref()
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {name}"))?;
    ensure!(bytes.len() <= MAX_BYTES, "{name} is larger than {MAX_BYTES} bytes");
    let text = String::from_utf8(bytes).ok().with_context(|| format!("{name} is no text in UTF-8"))?;
    Ok((text, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(paths: &[PathBuf]) -> Result<Vec<String>, String> {
        let found = gather(paths, &HashMap::new()).map_err(|error| format!("{error:#}"))?;
        Ok(found.into_iter().map(|file| file.tenant.to_string()).collect())
    }

    #[test]
    fn a_folder_stands_for_the_tenants_in_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str, id: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(&path, format!("tenant: {{id: {id}, name: A}}\n")).expect("written");
            path
        };
        put("b/tenant.yaml", "b");
        put("acme.tenant.yml", "acme");
        put("b/rules.yaml", "rules");
        put("b/deeper/tenant.yaml", "deeper");
        let whole = folder.path().to_owned();
        assert_eq!(gathered(std::slice::from_ref(&whole)).expect("read"), ["acme", "b"]);
        let twice = put("again.yaml", "b");
        let refused = gathered(&[whole, twice]).expect_err("refused");
        assert!(refused.contains("again.yaml:1: /tenant/id: expected each tenant once"), "{refused}");
        assert!(gathered(&[folder.path().join("b/deeper/tenant.yaml")]).is_ok());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let refused = gathered(&[folder.path().join("none.yaml")]).expect_err("refused");
        assert!(refused.contains("cannot read") && refused.contains("none.yaml"), "{refused}");
        assert!(gathered(&[folder.path().to_owned()]).expect_err("refused").contains("no tenant.yaml"));
        let odd = folder.path().join("odd.yaml");
        fs::write(&odd, [0xff, 0xfe, 0x00]).expect("written");
        assert!(gathered(std::slice::from_ref(&odd)).expect_err("refused").contains("UTF-8"));
        fs::write(&odd, "# nothing but a comment\n").expect("written");
        assert!(gathered(std::slice::from_ref(&odd)).expect_err("refused").contains("no tenant"));
        fs::write(&odd, "x".repeat(MAX_BYTES + 1)).expect("written");
        assert!(gathered(&[odd]).expect_err("refused").contains("larger"));
    }
}
