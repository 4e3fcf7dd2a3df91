//! `--format FORM[=FILE]`: in which forms the findings are written, and where.

use std::path::PathBuf;
use std::str::FromStr;

/// A form of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Lines for people; short: `--log`.
    Text,
    /// Lines of JSON; short: `--json`.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit's XML.
    Junit,
    /// GitHub's annotations.
    Github,
}

/// A form, and the file that it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    pub form: Form,
    /// `None`: where the form goes by itself.
    pub file: Option<PathBuf>,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(file)),
            None => (text, None),
        };
        let form = match name {
            "text" => Form::Text,
            "json" => Form::Json,
            "sarif" => Form::Sarif,
            "junit" => Form::Junit,
            "github" => Form::Github,
            _ => return Err("text, json=FILE, sarif=FILE, junit=FILE or github".to_owned()),
        };
        let goes_by_itself = matches!(form, Form::Text | Form::Github);
        match file {
            Some("") => Err(format!("write {name}=FILE")),
            None if !goes_by_itself => Err(format!("it needs a file: {name}=FILE")),
            Some("-") if matches!(form, Form::Sarif | Form::Junit) => {
                Err("the document needs a file of its own: it is written anew at each finding"
                    .to_owned())
            }
            file => Ok(Self { form, file: file.map(PathBuf::from) }),
        }
    }
}
