//! What a backend is told of the request's origin: by whom, and who is believed.

use crate::harness::{Exchange, Feature, Lab, Request, offers, run, with_settings as with};

/// What a proxy in front that ends TLS may say, and everything else that frameworks read an origin from.
const WORD: [(&str, &str); 8] = [
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "shop.example"),
    ("x-forwarded-port", "8443"),
    ("forwarded", "host=shop.example;proto=https"),
    ("x-forwarded-ssl", "on"),
    ("x-forwarded-scheme", "https"),
    ("x-forwarded-prefix", "/shop"),
    ("x-forwarded-server", "edge"),
];

/// The same for servers that turn names into variables, where `-` and `_` are one.
const DISGUISED: [&str; 3] = ["x_forwarded_host", "X_Forwarded_Proto", "x-forwarded_port"];

/// What a backend sees of a request with [`WORD`].
async fn seen(lab: &Lab) -> Exchange {
    let mut upstream = lab.upstream();
    let mut request = Request::get(&upstream.path).host("gateway.example:3000");
    for (name, value) in WORD {
        request = request.field(name, value);
    }
    for name in DISGUISED {
        request = request.field(name, "evil");
    }
    let (_, exchange) = tokio::join!(request.send(lab), async {
        let mut exchange = upstream.arrival().await;
        exchange.respond("200 OK\ncontent-length: 0", "").await;
        exchange
    });
    for name in DISGUISED {
        assert_eq!(exchange.values(name), [""; 0], "{name}");
    }
    exchange
}

fn is_believed(exchange: &Exchange) {
    for (name, value) in WORD {
        assert_eq!(exchange.values(name), [value], "{name}");
    }
}

fn is_not_believed(exchange: &Exchange) {
    assert_eq!(exchange.values("x-forwarded-proto"), ["http"]);
    assert_eq!(exchange.values("x-forwarded-host"), ["gateway.example:3000"]);
    assert_eq!(exchange.values("x-forwarded-port"), ["3000"]);
    for (name, _) in WORD.into_iter().skip(3) {
        assert_eq!(exchange.values(name), [""; 0], "{name}");
    }
}

#[test]
fn a_proxy_on_the_same_machine_is_believed() {
    if !offers(Feature::ClientAddress) {
        return;
    }
    run(|lab| async move { is_believed(&seen(lab).await) });
}

#[test]
fn who_is_believed_can_be_set() {
    let knows = offers(Feature::ClientAddress);
    for (value, believed) in [("any", true), ("127.0.0.0/8, ::1", knows), ("none", false)] {
        with(
            |settings| settings.set("trusted_proxies", value),
            |lab| async move {
                let exchange = seen(lab).await;
                if believed { is_believed(&exchange) } else { is_not_believed(&exchange) }
            },
        );
    }
}

#[test]
fn a_believed_word_that_is_malformed_is_replaced() {
    with(
        |settings| settings.set("trusted_proxies", "any"),
        |lab| async move {
            for (lines, expected) in [
                (
                    &[("x-forwarded-proto", "gopher"), ("x-forwarded-host", "a/b"), ("x-forwarded-port", "0")][..],
                    ["http", "g.example:81", "81"],
                ),
                (
                    &[("x-forwarded-proto", "https, http"), ("x-forwarded-host", "a.example, g")],
                    ["https", "a.example", "443"],
                ),
                (
                    &[("x-forwarded-proto", "HTTPS"), ("x-forwarded-host", "user@a.example")],
                    ["https", "g.example:81", "81"],
                ),
            ] {
                let mut upstream = lab.upstream();
                let mut request = Request::get(&upstream.path).host("g.example:81");
                for (name, value) in lines {
                    request = request.field(name, value);
                }
                tokio::join!(request.send(lab), async {
                    let exchange = upstream.arrival().await;
                    let told = ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"]
                        .map(|name| exchange.values(name).join("|"));
                    assert_eq!(told, expected, "{lines:?}");
                    exchange.ok("").await;
                });
            }
        },
    );
}
