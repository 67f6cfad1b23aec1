//! The `{{ name }}` templates of component variables and of `allowed_outbound_hosts`.

use std::collections::BTreeMap;

use crate::app::variables::is_valid_name;

/// A text with holes, checked once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// `{{` without `}}`.
    #[error("the template {0:?} opens with '{{{{' and lacks the closing '}}}}'")]
    Unclosed(String),
    /// The text between the braces is not the name of a variable.
    #[error("the template uses {0:?}, which is no variable name (lowercase letters, digits, single underscores)")]
    InvalidName(String),
    /// The variable is not declared, or has no value.
    #[error("the template uses the variable '{0}', which is not declared under [variables] of the manifest")]
    Undefined(String),
}

impl Template {
    /// Splits `text` into literal parts and variables. A text without braces is a template too.
    ///
    /// # Errors
    ///
    /// [`TemplateError::Unclosed`] and [`TemplateError::InvalidName`].
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, after)) = after.split_once("}}") else {
                return Err(TemplateError::Unclosed(text.to_owned()));
            };
            let name = name.trim();
            if !is_valid_name(name) {
                return Err(TemplateError::InvalidName(name.to_owned()));
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Variable(name.to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The text with every variable replaced by its value.
    ///
    /// # Errors
    ///
    /// [`TemplateError::Undefined`], for the first variable that `values` lacks.
    pub fn expand(&self, values: &BTreeMap<String, String>) -> Result<String, TemplateError> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Variable(name) => {
                    text.push_str(values.get(name).ok_or_else(|| TemplateError::Undefined(name.clone()))?);
                }
            }
        }
        Ok(text)
    }

    /// The names of the variables it uses, in the order of the text, with repetitions.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Variable(name) => Some(name.as_str()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, TemplateError>) {
        let values = BTreeMap::from([("url".to_owned(), "http://h:1".to_owned()), ("empty".to_owned(), String::new())]);
        let expanded = Template::parse(text).and_then(|template| template.expand(&values));
        assert_eq!(expanded, expected.map(str::to_owned), "{text:?}");
    }

    #[test]
    fn expands_variables_and_keeps_the_rest() {
        check("plain", Ok("plain"));
        check("", Ok(""));
        check("{{ url }}", Ok("http://h:1"));
        check("{{url}}/x/{{ empty }}y", Ok("http://h:1/x/y"));
        check("a } b { c", Ok("a } b { c"));
    }

    #[test]
    fn names_what_is_wrong() {
        check("{{ url", Err(TemplateError::Unclosed("{{ url".to_owned())));
        check("{{ Url }}", Err(TemplateError::InvalidName("Url".to_owned())));
        check("{{ }}", Err(TemplateError::InvalidName(String::new())));
        check("{{ other }}", Err(TemplateError::Undefined("other".to_owned())));
    }
}
