//! What requests and responses carry: routes, fields, ids, lengths.

use crate::input::{elements, fields, lines, named, text_lines};
use gateway_core::backend::reference::{BackendRef, Location};
use gateway_core::fields::{Field, fits};
use gateway_core::request::forwarded::{Origin, is_loop};
use gateway_core::request::route::{Choice, Route};
use gateway_core::request::{body, headers, request_id as ids, route as routes};
use gateway_core::response::cors::{self, AllowedOrigin};
use gateway_core::response::error::GatewayError;
use gateway_core::response::notes::{Notes, Timing, relayed};
use gateway_core::status::accept::wants_html;
use http::Method;

/// Line 1: method. Line 2: target. Then fields.
pub fn route(data: &[u8]) {
    let [method, target, rest] = lines(data);
    let request = fields(rest);
    if let (Ok(method), Ok(target)) = (Method::from_bytes(method), std::str::from_utf8(target)) {
        let path: String = target.chars().take_while(|c| *c != '?').collect();
        let expected = match (method.as_str(), path.as_str()) {
            ("OPTIONS", _) => Ok(Route::Preflight),
            ("CONNECT", _) => Err(501),
            ("GET" | "HEAD", "/health") => Ok(Route::Health),
            ("GET" | "HEAD", "/backends") => Ok(Route::Backends),
            (_, "/health" | "/backends") => Err(405),
            (_, "*") => Err(400),
            _ => Ok(Route::Proxy),
        };
        let routed =
            routes::route(&method, target).map_err(|error| GatewayError::from(error).reply().status().as_u16());
        assert_eq!(routed, expected);
    }

    let only = |name: &str| -> Option<Result<String, ()>> {
        let values = named(&request, name);
        let joined = values.join(&b","[..]);
        let all: Vec<_> = joined.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).collect();
        // Text is trimmed of two control characters more than bytes are; no host lets them through.
        if joined.iter().any(|byte| matches!(byte, 0x0b | 0x0c)) || values.is_empty() {
            return None;
        }
        let good = joined.is_ascii() && !all[0].is_empty() && all.iter().all(|one| *one == all[0]);
        Some(if good { Ok(String::from_utf8(all[0].to_vec()).unwrap()) } else { Err(()) })
    };
    if ["x-backend", "x-backend-location"].iter().any(|name| !named(&request, name).is_empty() && only(name).is_none())
    {
        return;
    }
    for (environment, default) in [(Location::Local, "bun-sqlite"), (Location::Cloud, "cf-d1")] {
        let location = match only("x-backend-location") {
            None => Ok(environment),
            Some(Ok(text)) if text == "local" => Ok(Location::Local),
            Some(Ok(text)) if text == "cloud" => Ok(Location::Cloud),
            Some(_) => Err(()),
        };
        let expected = match location {
            Ok(location) => chosen(&named(&request, "x-backend"), location, default),
            Err(()) => None,
        };
        assert_eq!(routes::select(&request, environment, None).ok(), expected);
    }
}

/// What the lines of `x-backend` choose; nothing where they are refused.
fn chosen(lines: &[Vec<u8>], location: Location, default: &str) -> Option<Choice> {
    let Some((first, others)) = lines.split_first() else {
        return Some(Choice::One(BackendRef::new(default, location)));
    };
    let text = std::str::from_utf8(&lines.join(&b","[..])).ok().filter(|text| text.is_ascii())?.to_owned();
    let names: Vec<_> = text.split(',').map(str::trim).collect();
    let repeated = names.iter().all(|name| *name == names[0]);
    let is_all = |name: &&str| name.split('@').next() == Some("*");
    if !repeated && (others.iter().any(|other| other != first) || names.iter().any(is_all)) {
        return None;
    }
    let mut members = Vec::new();
    for name in names {
        let (id, location) = match name.split_once('@') {
            None => (name, location),
            Some((id, "local")) => (id, Location::Local),
            Some((id, "cloud")) => (id, Location::Cloud),
            Some(_) => return None,
        };
        let member = BackendRef::new(id, location);
        if name.is_empty() {
            return None;
        }
        if id == "*" {
            return Some(Choice::All(location));
        }
        if !members.contains(&member) {
            members.push(member);
        }
    }
    match members.len() {
        1 => members.pop().map(Choice::One),
        2..=16 => Some(Choice::Several(members)),
        _ => None,
    }
}

/// Fields of one hop, which neither side hands on.
const ONE_HOP: &str = " connection http2-settings keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer \
                       transfer-encoding upgrade ";

fn is_one_of(list: &str, name: &str) -> bool {
    !name.is_empty() && !name.contains(' ') && list.contains(&format!(" {name} "))
}

fn is_of_the_hop(all: &[Field], name: &str) -> bool {
    let nominated: Vec<_> = elements(all, "connection").iter().map(|name| name.to_ascii_lowercase()).collect();
    is_one_of(ONE_HOP, name) || nominated.iter().any(|other| other == name)
}

fn pair(name: &str, value: impl Into<Vec<u8>>) -> Field {
    (name.to_owned(), value.into())
}

/// Line 1: length of the body or nothing. Line 2: the client's address. Line 3: scheme. Line 4: host, behind `!` where the peer is believed. Then fields.
pub fn request_headers(data: &[u8]) {
    let [length, client, scheme, host, rest] = lines(data);
    let text = |part: &[u8]| std::str::from_utf8(part).ok().filter(|text| !text.is_empty()).map(str::to_owned);
    let length: Option<u64> = text(length).and_then(|text| text.parse().ok());
    let (believed, host) = host.strip_prefix(b"!").map_or((false, host), |host| (true, host));
    let client = text(client).and_then(|text| text.parse().ok());
    let origin = Origin { client, scheme: text(scheme), host: text(host), port: None, believed };
    let request = fields(rest);
    let mut expected: Vec<Field> = Vec::new();
    for field in &request {
        let name = field.0.to_ascii_lowercase();
        let replaced = " host expect content-length x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port x-request-id ";
        let disguised = name.contains('_') && name.replace('_', "-").starts_with("x-forwarded-");
        let told = name == "forwarded" || name.starts_with("x-forwarded-");
        if !disguised
            && (believed || !told)
            && !is_of_the_hop(&request, &name)
            && !name.starts_with("spin-")
            && !is_one_of(replaced, &name)
        {
            expected.push(field.clone());
        }
    }
    expected.extend(length.map(|length| pair("content-length", length.to_string())));
    let mut chain = named(&request, "x-forwarded-for");
    for value in &mut chain {
        *value = value.trim_ascii().to_vec();
    }
    chain.retain(|value| !value.is_empty());
    chain.extend(origin.client.map(|client| client.to_string().into_bytes()));
    if !chain.is_empty() {
        expected.push(pair("x-forwarded-for", chain.join(&b", "[..])));
    }
    expected.push(pair("x-forwarded-proto", origin.scheme.clone().unwrap_or_else(|| "http".into())));
    expected.extend(origin.host.clone().map(|host| pair("x-forwarded-host", host)));
    let written = origin.host.as_deref().and_then(|host| gateway_core::authority::host_and_port(host)?.1);
    let own = if origin.scheme.as_deref() == Some("https") { 443 } else { 80 };
    expected.push(pair("x-forwarded-port", written.unwrap_or(own).to_string()));
    expected.push(pair("via", "1.1 backend-shootout-gateway"));
    expected.push(pair("x-request-id", "the-id"));
    assert_eq!(headers::to_backend(request, origin, "the-id", length), expected);
}

/// Fields of a response.
pub fn response_headers(data: &[u8]) {
    let response = fields(data);
    // A transfer coding overrides a length.
    let (mut expected, mut lengths) = (Vec::new(), named(&response, "transfer-encoding").len());
    for field in &response {
        let name = field.0.to_ascii_lowercase();
        lengths += usize::from(name == "content-length");
        let again = name == "content-length" && lengths > 1;
        let replaced = name.starts_with("access-control-")
            || is_one_of(" x-request-id x-gateway-backend timing-allow-origin ", &name);
        if !again && !replaced && !is_of_the_hop(&response, &name) {
            expected.push(field.clone());
        }
    }
    let mut told = elements(&response, "access-control-expose-headers");
    told.truncate(64);
    let exposed = with_tokens("*, x-gateway-backend, x-request-id, server-timing, proxy-status, retry-after", told);
    expected.extend([
        pair("access-control-allow-origin", "*"),
        pair("access-control-allow-methods", "GET, POST, PUT, DELETE, PATCH, OPTIONS"),
        pair("access-control-allow-headers", "Content-Type, x-backend"),
        pair("access-control-expose-headers", exposed),
        pair("vary", "x-backend, x-backend-location"),
        pair("x-gateway-backend", "b"),
        pair("x-request-id", "the-id"),
        pair("server-timing", "gateway;dur=0.000"),
        pair("timing-allow-origin", "*"),
    ]);
    let notes = Notes {
        request_id: "the-id",
        backend: Some("b"),
        timing: Timing::default(),
        allowed_origin: &AllowedOrigin::Any,
    };
    assert_eq!(relayed(response, &notes), expected);
}

/// A list of names, with those added that are tokens and not yet there.
fn with_tokens(fixed: &str, asked: Vec<String>) -> String {
    let mut all: Vec<String> = fixed.split(", ").map(str::to_owned).collect();
    for name in asked {
        let token = name.chars().all(|c| matches!(c, '!'..='~') && !"\"(),/:;<=>?@[\\]{}".contains(c));
        if token && !name.is_empty() && !all.iter().any(|other| other.to_ascii_lowercase() == name.to_ascii_lowercase())
        {
            all.push(name);
        }
    }
    all.join(", ")
}

/// Fields of a preflight request.
pub fn preflight(data: &[u8]) {
    let request = fields(data);
    let mut asked = elements(&request, "access-control-request-headers");
    asked.truncate(64);
    let expected = [
        pair("access-control-allow-origin", "*"),
        pair("access-control-allow-methods", "GET, POST, PUT, DELETE, PATCH, OPTIONS"),
        pair("access-control-allow-headers", with_tokens("Content-Type, x-backend", asked)),
        pair("access-control-max-age", "86400"),
    ];
    assert_eq!(cors::preflight_fields(&request, &AllowedOrigin::Any), expected);
}

/// Line 1: the request's Host or nothing. Then fields.
pub fn forwarded(data: &[u8]) {
    let [host, rest] = lines(data);
    let host = std::str::from_utf8(host).ok().filter(|host| !host.is_empty());
    let request = fields(rest);
    let last = |name: &str| named(&request, name).pop().and_then(|value| String::from_utf8(value).ok());
    let origin = Origin::read(&request, host.map(str::to_owned));
    let url = last("spin-full-url").unwrap_or_default().to_ascii_lowercase();
    let scheme = ["http", "https"].into_iter().find(|scheme| url.starts_with(&format!("{scheme}://")));
    assert_eq!(origin.scheme.as_deref(), scheme);
    assert_eq!(origin.host.as_deref(), host);
    // An address is the text itself, or what is left without its port.
    let told = last("spin-client-addr").unwrap_or_default();
    match origin.client {
        Some(client) => {
            let without_port = told.rsplit_once(':').map_or(told.as_str(), |(address, _)| address);
            let bare = without_port.trim_start_matches('[').split(['%', ']']).next().unwrap_or_default();
            assert!(told.parse() == Ok(client) || bare.parse() == Ok(client), "{told} is not {client}");
        }
        None => assert!(told.parse::<std::net::IpAddr>().is_err(), "{told} is an address"),
    }
    let seen = elements(&request, "via").iter().any(|element| {
        let words: Vec<_> = element.split([' ', '\t', '\r', '\x0c']).filter(|word| !word.is_empty()).collect();
        words.len() > 1 && words[1].to_ascii_lowercase() == "backend-shootout-gateway"
    });
    assert_eq!(is_loop(&request), seen);
}

/// Fields; the input's first bytes are also taken as random bits.
pub fn request_id(data: &[u8]) {
    let request = fields(data);
    let expected = match named(&request, "x-request-id").as_slice() {
        [value] => {
            // Text around which there is other white space than a host leaves is of no interest.
            let id = String::from_utf8_lossy(value).trim().to_owned();
            let good =
                |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.', ':', '/', '+', '=', '@', '~'].contains(&c);
            (!id.is_empty() && id.len() <= 128 && id.chars().all(good)).then_some(id)
        }
        _ => None,
    };
    assert_eq!(ids::inbound(&request), expected);

    let mut bits = [0; 16];
    bits.iter_mut().zip(data).for_each(|(bit, byte)| *bit = *byte);
    let made = ids::from_random(
        u64::from_be_bytes(bits[..8].try_into().unwrap()),
        u64::from_be_bytes(bits[8..].try_into().unwrap()),
    );
    bits[6] = bits[6] & 0x0f | 0x40;
    bits[8] = bits[8] & 0x3f | 0x80;
    let hex: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    let groups = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    assert_eq!(made, groups.join("-"));
}

/// Fields.
pub fn content_length(data: &[u8]) {
    let request = fields(data);
    let mut all = Vec::new();
    for value in named(&request, "content-length") {
        all.extend(String::from_utf8_lossy(&value).split(',').map(|one| one.trim_ascii().to_owned()));
    }
    let numbers: Vec<Option<u64>> = all
        .iter()
        .map(|text| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten())
        .collect();
    let expected = match numbers.first() {
        None => Ok(None),
        Some(Some(first)) if numbers.iter().all(|number| *number == Some(*first)) => Ok(Some(*first)),
        Some(_) => Err(body::InvalidLength),
    };
    assert_eq!(body::content_length(&request), expected);
}

/// Lines of three numbers: how many fields, of which lengths.
pub fn field_size(data: &[u8]) {
    let (mut all, mut size): (Vec<Field>, usize) = (Vec::new(), 0);
    for line in String::from_utf8_lossy(data).lines().take(8) {
        let numbers: Vec<usize> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        if let [count, name, value] = numbers[..] {
            let (count, name, value) = (count.min(2_000), name.min(200), value.min(140_000));
            if size + count * (name + value) > 1_000_000 {
                return;
            }
            all.extend(std::iter::repeat_n(("n".repeat(name), vec![b'v'; value]), count));
            size += count * (name + 32 + value + 40);
        }
    }
    // 128 KiB in the host, 4 of them for the gateway's own.
    assert_eq!(fits(&all), size <= 126_976, "{size} bytes");
}

/// Fields, of which `accept` counts.
pub fn accept(data: &[u8]) {
    let Some([text]) = text_lines(data) else { return };
    // Without quoted strings, which only the core's own tests look at.
    if text.contains('"') {
        return;
    }
    let mut weights = std::collections::HashMap::<String, u32>::new();
    for element in text.split([',', '\n']) {
        let parts: Vec<_> = element.split(';').collect();
        let weight = parts[1..].iter().find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| thousandths(value.trim()))
        });
        if let Some(weight) = weight.unwrap_or(Some(1_000)) {
            let slot = weights.entry(parts[0].trim().to_ascii_lowercase()).or_default();
            *slot = weight.max(*slot);
        }
    }
    let get = |name: &str| weights.get(name).copied();
    let named_html = get("text/html").or(get("application/xhtml+xml"));
    let html = named_html.or(get("text/*")).or(get("*/*")).unwrap_or(0);
    let json = get("application/json");
    let any_json = json.or(get("application/*")).or(get("*/*")).unwrap_or(0);
    let prefers = html > any_json;
    let names_it_alone = named_html.is_some() && json.unwrap_or(0) < html;
    assert_eq!(wants_html(text.split('\n')), html > 0 && (prefers || names_it_alone), "{text:?}");
}

/// `0`, `1`, with at most three decimals, and not above one.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if !["0", "1"].contains(&whole) || decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u32 = format!("{whole}{decimals:0<3}").parse().ok()?;
    (number <= 1_000).then_some(number)
}
