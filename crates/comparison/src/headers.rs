//! Fields of responses, compared as what they are: sets, media types, cookies without their values, locations without their origin.

use crate::ignore::Ignore;
use crate::json::string::{Contrast, contrast};
use crate::report::Kind;
use crate::sorted::insert;
use gateway_core::fields::{Field, values};
use gateway_core::request::headers::{belongs_to_hop, lower};

/// Fields that differ between implementations, or from moment to moment, without meaning anything. Beside them: hop-by-hop fields and those with
/// one of [`EXPECTED_PREFIXES`]. `content-encoding` is one of them because bodies are compared unpacked.
const EXPECTED: [&str; 24] = [
    "age",
    "alt-svc",
    "content-encoding",
    "content-length",
    "date",
    "etag",
    "expires",
    "last-modified",
    "nel",
    "report-to",
    "reporting-endpoints",
    "server",
    "server-timing",
    "timing-allow-origin",
    "traceparent",
    "tracestate",
    "via",
    "x-cache",
    "x-correlation-id",
    "x-powered-by",
    "x-request-id",
    "x-runtime",
    "x-served-by",
    "x-trace-id",
];
const EXPECTED_PREFIXES: [&str; 4] = ["access-control-", "cf-", "ratelimit", "x-ratelimit"];

/// Lists in which order and repetition mean nothing, and case neither.
const SETS: [&str; 7] =
    ["accept-patch", "accept-post", "accept-ranges", "allow", "cache-control", "content-language", "vary"];

/// The most fields that are compared, and the most bytes of one.
const MAX_FIELDS: usize = 256;

/// The fields of an answer by their names in lower case, sorted by them.
pub(crate) type Compared = Vec<(String, Form)>;

/// A field in the form in which it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// What has to be alike.
    pub(crate) value: String,
    /// What may be different: the parameters of a media type.
    pub(crate) parameters: String,
    /// For people.
    pub(crate) shown: String,
}

/// The fields of an answer that are compared. `urls` are beginnings of URLs that lead to its backend.
pub(crate) fn compared(fields: &[Field], urls: &[String], ignore: &Ignore) -> Compared {
    let mut names = Vec::new();
    for (name, _) in fields.iter().take(MAX_FIELDS) {
        let name = lower(name);
        if !is_expected_to_differ(&name) && !ignore.ignores_header(&name) {
            insert(&mut names, name.into_owned());
        }
    }
    let form_of = |name: String| {
        let lines: Vec<_> = values(fields, &name).map(|line| String::from_utf8_lossy(line).trim().to_owned()).collect();
        let form = form(&name, &lines, urls);
        (name, form)
    };
    names.into_iter().map(form_of).collect()
}

fn is_expected_to_differ(lower: &str) -> bool {
    EXPECTED.contains(&lower)
        || EXPECTED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix))
        || belongs_to_hop(lower)
}

fn form(name: &str, lines: &[String], urls: &[String]) -> Form {
    // Lines of one field are one list (RFC 9110 §5.3).
    let joined = lines.join(", ");
    let plain = |value: String| Form { shown: value.clone(), value, parameters: String::new() };
    match name {
        "content-type" => {
            let (essence, parameters) = joined.split_once(';').unwrap_or((&joined, ""));
            let parameters =
                parameters.split(';').map(|parameter| parameter.replace(['"', ' ', '\t'], "").to_ascii_lowercase());
            Form { value: essence.trim().to_ascii_lowercase(), parameters: set(&mut { parameters }), shown: joined }
        }
        "set-cookie" => {
            let cookies: Vec<String> = lines.iter().map(|line| cookie(line)).collect();
            plain(set(&mut cookies.into_iter()))
        }
        "location" | "content-location" | "link" | "refresh" => {
            let value = urls.iter().fold(joined.clone(), |value, url| without(&value, url));
            Form { value, parameters: String::new(), shown: joined }
        }
        name if SETS.contains(&name) => {
            let value = set(&mut joined.split(',').map(|item| item.trim().replace('"', "").to_ascii_lowercase()));
            Form { value, parameters: String::new(), shown: joined }
        }
        _ => plain(joined),
    }
}

/// A cookie without its value: its name, and its attributes in one order. Of `expires` only whether it is there.
fn cookie(line: &str) -> String {
    let mut parts = line.split(';').map(str::trim);
    let name = parts.next().and_then(|pair| pair.split('=').next()).unwrap_or_default();
    let attributes = parts.map(|attribute| {
        let (name, value) =
            attribute.split_once('=').map_or((attribute, ""), |(name, value)| (name.trim(), value.trim()));
        let name = name.to_ascii_lowercase();
        match &*name {
            "expires" | "" => name,
            _ if value.is_empty() => name,
            "path" => format!("{name}={value}"),
            _ => format!("{name}={}", value.to_ascii_lowercase()),
        }
    });
    let attributes = set(&mut { attributes }).replace(", ", "; ");
    if attributes.is_empty() { name.trim().to_owned() } else { format!("{}; {attributes}", name.trim()) }
}

/// Items sorted, each once, without the empty ones.
fn set(items: &mut dyn Iterator<Item = String>) -> String {
    let mut all = Vec::new();
    items.filter(|item| !item.is_empty()).for_each(|item| insert(&mut all, item));
    all.join(", ")
}

/// The text without a URL wherever it begins one: followed by a path, a query or nothing more.
fn without(text: &str, url: &str) -> String {
    if url.is_empty() {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(url) {
        out.push_str(before);
        let ends = after
            .chars()
            .next()
            .is_none_or(|next| !next.is_ascii_alphanumeric() && !matches!(next, '.' | ':' | '-' | '@' | '_'));
        if !ends {
            out.push_str(url);
        } else if !after.starts_with('/') {
            // The origin alone is its root.
            out.push('/');
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A field of two answers: its name and its forms.
pub(crate) type Pair<'a> = (&'a str, Option<&'a Form>, Option<&'a Form>);

/// The fields of two answers side by side, by name.
pub(crate) fn pairs<'a>(one: &'a Compared, other: &'a Compared) -> Vec<Pair<'a>> {
    let find = |fields: &'a Compared, name: &str| fields.iter().find(|(other, _)| other == name).map(|(_, form)| form);
    let shared = one.iter().map(|(name, form)| (&**name, Some(form), find(other, name)));
    let only =
        other.iter().filter(|(name, _)| find(one, name).is_none()).map(|(name, form)| (&**name, None, Some(form)));
    shared.chain(only).collect()
}

/// How a field differs, and whether it holds a generated time; `None` where it does not.
pub(crate) fn difference(
    one: Option<&Form>,
    other: Option<&Form>,
    same_ids: impl FnOnce(&[(u128, u128)]) -> bool,
) -> Option<(Kind, bool)> {
    let (Some(one), Some(other)) = (one, other) else {
        return (one.is_some() || other.is_some()).then_some((Kind::Header, false));
    };
    if one.value == other.value {
        return (one.parameters != other.parameters).then_some((Kind::Notation, false));
    }
    Some(match contrast(one.value.as_bytes(), other.value.as_bytes()) {
        Contrast::SameTime => (Kind::Notation, false),
        Contrast::OtherTime => (Kind::Generated, true),
        Contrast::Ids(pairs) if same_ids(&pairs) => (Kind::Generated, false),
        Contrast::Ids(_) | Contrast::Other => (Kind::Header, false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway_core::fields::field;

    fn one(name: &str, lines: &[&str]) -> Option<Form> {
        let fields: Vec<_> = lines.iter().map(|line| field(name, *line)).collect();
        let urls = [
            "http://127.0.0.1:3001/api".to_owned(),
            "http://127.0.0.1:3001".to_owned(),
            "http://localhost:3000".to_owned(),
        ];
        let compared = compared(&fields, &urls, &Ignore::parse("header:x-ignored").unwrap());
        compared.into_iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, form)| form)
    }

    #[test]
    fn fields_are_compared_as_what_they_are() {
        for (name, first, second, alike) in [
            ("Vary", &["Accept, Origin"][..], &["origin", "accept"][..], true),
            ("vary", &["Accept"], &["Origin"], false),
            ("cache-control", &["max-age=0, Private"], &["private,max-age=0"], true),
            ("cache-control", &["max-age=0"], &["max-age=60"], false),
            ("allow", &["GET, HEAD"], &["HEAD,GET"], true),
            ("location", &["http://127.0.0.1:3001/api/tasks/1"], &["/tasks/1"], true),
            ("location", &["http://localhost:3000/tasks/1"], &["http://127.0.0.1:3001/tasks/1"], true),
            ("location", &["http://127.0.0.1:3001"], &["/"], true),
            ("location", &["http://127.0.0.1:30012/x"], &["/x"], false),
            ("location", &["https://elsewhere.example/x"], &["/x"], false),
            ("location", &["/tasks/1"], &["/tasks/2"], false),
            ("link", &["<http://127.0.0.1:3001/tasks?page=2>; rel=next"], &["</tasks?page=2>; rel=next"], true),
            ("set-cookie", &["a=1; Path=/; HttpOnly"], &["a=2; httponly; path=/"], true),
            (
                "set-cookie",
                &["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"],
                &["a=1; expires=Thu, 22 Oct 2026 07:28:00 GMT"],
                true,
            ),
            ("set-cookie", &["a=1; HttpOnly"], &["a=1"], false),
            ("set-cookie", &["a=1", "b=1"], &["b=2", "a=2"], true),
            ("set-cookie", &["a=1"], &["b=1"], false),
            ("x-own", &["a", "b"], &["a, b"], true),
            ("x-own", &["a"], &["A"], false),
        ] {
            let (first_form, second_form) = (one(name, first).unwrap(), one(name, second).unwrap());
            assert_eq!(first_form.value == second_form.value, alike, "{name}: {first_form:?} {second_form:?}");
        }
    }

    #[test]
    fn a_media_type_is_told_from_its_parameters() {
        let (plain, with) = (
            one("content-type", &["application/json"]).unwrap(),
            one("content-type", &["Application/JSON; charset=\"UTF-8\""]).unwrap(),
        );
        assert_eq!((&*plain.value, &*plain.parameters), ("application/json", ""));
        assert_eq!((&*with.value, &*with.parameters), ("application/json", "charset=utf-8"));
    }

    #[test]
    fn values_of_cookies_are_never_shown() {
        let form = one("set-cookie", &["session=secret; HttpOnly; Path=/a", "theme=dark"]).unwrap();
        assert_eq!(form.shown, "session; httponly; path=/a, theme");
    }

    #[test]
    fn what_always_differs_or_is_ignored_is_left_out() {
        for name in [
            "Date",
            "etag",
            "x-served-by",
            "access-control-allow-origin",
            "connection",
            "cf-ray",
            "x-ratelimit-remaining",
            "x-ignored",
        ] {
            assert_eq!(one(name, &["1"]), None, "{name}");
        }
    }
}
