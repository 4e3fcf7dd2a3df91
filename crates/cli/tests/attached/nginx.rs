//! An nginx that says hello.

use epshim_harness::ports::free_port;
use epshim_harness::process::Process;
use epshim_harness::products::folder;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

/// Starts it with this at the begin of its configuration, and its files in a folder of this name. Returns its port too.
pub fn start(name: &str, begin: &str) -> (Process, u16) {
    let folder = folder(name);
    let port = free_port().unwrap();
    let place = folder.to_str().unwrap();
    let configuration = format!(
        "{begin} daemon off; pid {place}/pid; error_log stderr; events {{}}\n\
         http {{ access_log off; client_body_temp_path {place}; proxy_temp_path {place}; fastcgi_temp_path {place};\n\
         uwsgi_temp_path {place}; scgi_temp_path {place};\n\
         server {{ listen 127.0.0.1:{port}; location / {{ return 200 hello; }} }} }}\n"
    );
    let path = folder.join("nginx.conf");
    fs::write(&path, configuration).unwrap();
    let mut server = Command::new("nginx");
    let server = server.args(["-e", "stderr", "-p", place, "-c", path.to_str().unwrap()]);
    (Process::start("nginx", server), port)
}

/// One request, in a connection of its own.
pub fn get(port: u16) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
