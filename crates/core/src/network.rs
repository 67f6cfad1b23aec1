//! Where the component may connect to, which hosts belong to the inside of a network, and which peers are believed.

pub mod address_range;
pub mod allowed_hosts;
pub mod internal_host;
pub mod trusted_proxies;
