//! Servers as distributions package them.

use crate::survives::serves;
use crate::text;
use epshim_harness::ports::free_port;
use epshim_harness::products::{chmod, folder};
use epshim_harness::tools::are_there;
use std::fs;
use std::path::Path;

#[test]
fn redis_survives() {
    redis("redis", &[]);
}

#[test]
fn redis_with_io_threads_survives() {
    redis("redis-io-threads", &["--io-threads", "2", "--io-threads-do-reads", "yes"]);
}

fn redis(name: &str, options: &[&str]) {
    if are_there(&["redis-server"]) {
        let port = free_port().unwrap();
        let number = port.to_string();
        let words = ["redis-server", "--port", &number, "--save", "", "--appendonly", "no"];
        serves(name, &["redis_client.py"], Some(port), &[&words[..], options].concat());
    }
}

#[test]
fn memcached_survives() {
    if are_there(&["memcached"]) {
        let port = free_port().unwrap();
        let number = port.to_string();
        let words = ["memcached", "-p", &number, "-l", "127.0.0.1", "-U", "0", "-u", "nobody"];
        serves("memcached", &["memcached_client.py"], Some(port), &words);
    }
}

/// PUT, GET by sendfile, and GET through itself as a proxy.
#[test]
fn nginx_survives() {
    if are_there(&["nginx"]) {
        let port = free_port().unwrap();
        let file = configured("nginx", include_str!("nginx.conf"), port);
        let words = [&in_sbin("nginx"), "-c", &file];
        serves("nginx", &["http_client.py", "/files/", "/proxy/files/"], Some(port), &words);
    }
}

/// The same, with WebDAV.
#[test]
fn lighttpd_survives() {
    if are_there(&["lighttpd"]) {
        let port = free_port().unwrap();
        let file = configured("lighttpd", include_str!("lighttpd.conf"), port);
        let words = [&in_sbin("lighttpd"), "-D", "-f", &file];
        serves("lighttpd", &["http_client.py", "/files/", "/proxy/files/"], Some(port), &words);
    }
}

/// The client has the server behind it.
#[test]
fn haproxy_survives() {
    if are_there(&["haproxy"]) {
        let (port, back) = (free_port().unwrap(), free_port().unwrap().to_string());
        let text_of = include_str!("haproxy.conf").replace("BACK", &back);
        let file = configured("haproxy", &text_of, port);
        let words = [&in_sbin("haproxy"), "-db", "-f", &file];
        serves("haproxy", &["http_client.py", "/files/", "--back", &back], Some(port), &words);
    }
}

#[test]
fn mosquitto_survives() {
    if are_there(&["mosquitto"]) {
        let port = free_port().unwrap();
        let file = configured("mosquitto", include_str!("mosquitto.conf"), port);
        let words = [&in_sbin("mosquitto"), "-c", &file];
        serves("mosquitto", &["mosquitto_client.py"], Some(port), &words);
    }
}

/// A file of configuration, in which `PORT` is the port and `FOLDER` a folder with `files` in it.
fn configured(name: &str, text_of: &str, port: u16) -> String {
    let folder = folder(&format!("chaos-{name}-files"));
    // Started by root, it works as another user.
    fs::create_dir(folder.join("files")).unwrap();
    chmod(&folder, 0o777);
    chmod(&folder.join("files"), 0o777);
    let file = folder.join("configuration");
    let text_of = text_of.replace("FOLDER", text(&folder)).replace("PORT", &port.to_string());
    fs::write(&file, text_of).unwrap();
    text(&file).to_owned()
}

/// Where Debian has its servers, or a name to be looked up.
fn in_sbin(name: &str) -> String {
    let path = format!("/usr/sbin/{name}");
    if Path::new(&path).exists() { path } else { name.to_owned() }
}
