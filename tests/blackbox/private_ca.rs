use crate::harness::{HostKind, Request, is_on, lab, with_settings};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A certificate authority of our own: the certificate of one, in PEM, and how a server at 127.0.0.1 speaks with one that it has signed.
fn authority() -> (String, TlsAcceptor) {
    let mut params = CertificateParams::new([]).expect("a name");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("the key fits");
    (issuer.pem(), TlsAcceptor::from(Arc::new(config)))
}

/// Answers every request on every connection.
async fn serve(listener: TcpListener, tls: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        let tls = tls.clone();
        tokio::spawn(async move {
            let Ok(mut stream) = tls.accept(stream).await else { return };
            let mut chunk = [0; 8192];
            while stream.read(&mut chunk).await.is_ok_and(|count| count > 0) {
                _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nprivate").await;
            }
        });
    }
}

#[test]
fn a_backend_with_a_private_ca_is_trusted_once_the_ca_is_named() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    let (certificate, tls) = authority();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, certificate).expect("a writable folder");
    let runtime = &lab().runtime;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    runtime.spawn(serve(listener, tls));
    for (setting, value, status) in [
        ("SSL_CERT_FILE", Some(file.as_path()), 200),
        ("SSL_CERT_DIR", Some(folder.path()), 200),
        ("SSL_CERT_FILE", None, 503),
    ] {
        with_settings(
            |settings| {
                settings.own_process = true;
                settings.set("backend_cf_d1_url", &url);
                settings.environment.extend(value.map(|value| (setting.to_owned(), value.display().to_string())));
            },
            |lab| async move {
                // Twice: the connection is kept.
                for _ in 0..2 {
                    let response = Request::get("/").backend("cf-d1").send(lab).await;
                    assert_eq!(response.status, status, "{setting}={value:?}: {}", response.text());
                    if status == 200 {
                        assert_eq!(response.text(), "private");
                    } else {
                        let reason = response.json()["reason"].as_str().expect("a reason").to_owned();
                        assert_eq!(reason, "TLS certificate refused");
                    }
                }
            },
        );
    }
}
