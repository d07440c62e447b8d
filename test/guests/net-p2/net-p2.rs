//! A command that does with the network of WASI 0.2 what its arguments say and prints one line for each deed: `ok …` or
//! `err …`. Deeds are separated by `;`, as in `resolve localhost ; tcp 127.0.0.1 80 hello`.
//! Build: `node manifests/build.ts net-p2`

use wasip2::cli::{environment, stdout};
use wasip2::io::poll::poll;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};
use wasip2::sockets::tcp::{ShutdownType, TcpSocket};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;
use wasip2::sockets::udp::{OutgoingDatagram, UdpSocket};
use wasip2::sockets::udp_create_socket::create_udp_socket;

struct Net;

wasip2::cli::command::export!(Net);

impl wasip2::exports::cli::run::Guest for Net {
    fn run() -> Result<(), ()> {
        let args = environment::get_arguments();
        for deed in args[1..].split(|arg| arg == ";") {
            let words: Vec<&str> = deed.iter().map(String::as_str).collect();
            match act(&words) {
                Ok(text) => print(&format!("ok {text}\n")),
                Err(code) => print(&format!("err {}\n", code.name())),
            }
        }
        Ok(())
    }
}

fn act(words: &[&str]) -> Result<String, ErrorCode> {
    match *words {
        ["resolve", name] => Ok(resolve(name)?.into_iter().map(shown).collect::<Vec<_>>().join(",")),
        ["tcp", host, port, text] => {
            let address = resolve(host)?.into_iter().next().ok_or(ErrorCode::NameUnresolvable)?;
            ask(endpoint(address, port.parse().unwrap()), text.as_bytes())
        }
        ["flood", host, port, count] => {
            let address = resolve(host)?.into_iter().next().ok_or(ErrorCode::NameUnresolvable)?;
            let bytes = vec![b'x'; count.parse().unwrap()];
            ask(endpoint(address, port.parse().unwrap()), &bytes).map(|text| text.len().to_string())
        }
        ["echo-once", host, port] => echo_once(host, port.parse().unwrap()),
        ["udp", host, port, text] => {
            let address = resolve(host)?.into_iter().next().ok_or(ErrorCode::NameUnresolvable)?;
            udp(endpoint(address, port.parse().unwrap()), text)
        }
        ["udp-connected", host, port, text] => {
            let address = resolve(host)?.into_iter().next().ok_or(ErrorCode::NameUnresolvable)?;
            udp_connected(endpoint(address, port.parse().unwrap()), text)
        }
        ["udp-bind", host, port] => {
            let address = resolve(host)?.into_iter().next().ok_or(ErrorCode::NameUnresolvable)?;
            bound(endpoint(address, port.parse().unwrap())).map(|_| String::new())
        }
        ["many", count] => {
            let sockets: Result<Vec<TcpSocket>, ErrorCode> =
                (0..count.parse().unwrap()).map(|_| create_tcp_socket(IpAddressFamily::Ipv4)).collect();
            sockets.map(|all| all.len().to_string())
        }
        _ => Err(ErrorCode::NotSupported),
    }
}

fn resolve(name: &str) -> Result<Vec<IpAddress>, ErrorCode> {
    let network = instance_network();
    let found = resolve_addresses(&network, name)?;
    let mut all = Vec::new();
    loop {
        match found.resolve_next_address() {
            Ok(Some(address)) => all.push(address),
            Ok(None) => return Ok(all),
            Err(ErrorCode::WouldBlock) => found.subscribe().block(),
            Err(code) => return Err(code),
        }
    }
}

/// Sends `bytes`, says that it is all, and gives back what comes until the peer says the same.
fn ask(remote: IpSocketAddress, bytes: &[u8]) -> Result<String, ErrorCode> {
    let socket = create_tcp_socket(family(&remote))?;
    socket.start_connect(&instance_network(), remote)?;
    let (input, output) = loop {
        match socket.finish_connect() {
            Err(ErrorCode::WouldBlock) => socket.subscribe().block(),
            other => break other?,
        }
    };
    let mut received = Vec::new();
    let mut left = bytes;
    let (readable, writable) = (input.subscribe(), output.subscribe());
    // Whoever waits to write and does not read meanwhile may wait for ever for a peer that does the same.
    while !left.is_empty() {
        poll(&[&readable, &writable]);
        let room = output.check_write().map_err(failure)? as usize;
        let (now, later) = left.split_at(room.min(left.len()));
        output.write(now).map_err(failure)?;
        left = later;
        received.extend(input.read(65_536).map_err(failure)?);
    }
    socket.shutdown(ShutdownType::Send)?;
    received.extend(all_of(&input)?);
    Ok(String::from_utf8_lossy(&received).into_owned())
}

/// Listens, says where, and sends what the first who connects says back to him.
fn echo_once(host: &str, port: u16) -> Result<String, ErrorCode> {
    let address = resolve(host)?.into_iter().next().ok_or(ErrorCode::NameUnresolvable)?;
    let local = endpoint(address, port);
    let socket = create_tcp_socket(family(&local))?;
    socket.start_bind(&instance_network(), local)?;
    socket.finish_bind()?;
    socket.start_listen()?;
    socket.subscribe().block();
    socket.finish_listen()?;
    print(&format!("at {}\n", shown_endpoint(socket.local_address()?)));
    let (accepted, input, output) = loop {
        match socket.accept() {
            Err(ErrorCode::WouldBlock) => socket.subscribe().block(),
            other => break other?,
        }
    };
    let bytes = all_of(&input)?;
    write(&output, &bytes).map_err(failure)?;
    accepted.shutdown(ShutdownType::Send)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn udp(remote: IpSocketAddress, text: &str) -> Result<String, ErrorCode> {
    let socket = bound(unspecified(&remote))?;
    let (input, output) = socket.stream(None)?;
    output.check_send()?;
    output.send(&[OutgoingDatagram { data: text.into(), remote_address: Some(remote) }])?;
    input.subscribe().block();
    let got = input.receive(10)?;
    Ok(got.iter().map(|one| String::from_utf8_lossy(&one.data).into_owned()).collect::<Vec<_>>().join(","))
}

fn udp_connected(remote: IpSocketAddress, text: &str) -> Result<String, ErrorCode> {
    let socket = bound(unspecified(&remote))?;
    let (input, output) = socket.stream(Some(remote))?;
    output.check_send()?;
    output.send(&[OutgoingDatagram { data: text.into(), remote_address: None }])?;
    input.subscribe().block();
    let got = input.receive(10)?;
    Ok(got.iter().map(|one| shown_endpoint(one.remote_address)).collect::<Vec<_>>().join(","))
}

fn bound(local: IpSocketAddress) -> Result<UdpSocket, ErrorCode> {
    let socket = create_udp_socket(family(&local))?;
    socket.start_bind(&instance_network(), local)?;
    loop {
        match socket.finish_bind() {
            Err(ErrorCode::WouldBlock) => socket.subscribe().block(),
            other => return other.map(|()| socket),
        }
    }
}

fn all_of(input: &InputStream) -> Result<Vec<u8>, ErrorCode> {
    let mut bytes = Vec::new();
    loop {
        match input.blocking_read(65_536) {
            Ok(some) => bytes.extend(some),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(error) => return Err(failure(error)),
        }
    }
}

fn failure(_: StreamError) -> ErrorCode {
    ErrorCode::ConnectionReset
}

fn write(output: &OutputStream, bytes: &[u8]) -> Result<(), StreamError> {
    bytes.chunks(4096).try_for_each(|part| output.blocking_write_and_flush(part))
}

fn print(text: &str) {
    write(&stdout::get_stdout(), text.as_bytes()).unwrap();
}

fn endpoint(address: IpAddress, port: u16) -> IpSocketAddress {
    match address {
        IpAddress::Ipv4(address) => IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address }),
        IpAddress::Ipv6(address) => {
            IpSocketAddress::Ipv6(Ipv6SocketAddress { port, flow_info: 0, address, scope_id: 0 })
        }
    }
}

fn unspecified(like: &IpSocketAddress) -> IpSocketAddress {
    match like {
        IpSocketAddress::Ipv4(_) => endpoint(IpAddress::Ipv4((0, 0, 0, 0)), 0),
        IpSocketAddress::Ipv6(_) => endpoint(IpAddress::Ipv6((0, 0, 0, 0, 0, 0, 0, 0)), 0),
    }
}

fn family(address: &IpSocketAddress) -> IpAddressFamily {
    match address {
        IpSocketAddress::Ipv4(_) => IpAddressFamily::Ipv4,
        IpSocketAddress::Ipv6(_) => IpAddressFamily::Ipv6,
    }
}

fn shown_endpoint(address: IpSocketAddress) -> String {
    match address {
        IpSocketAddress::Ipv4(one) => format!("{} {}", shown(IpAddress::Ipv4(one.address)), one.port),
        IpSocketAddress::Ipv6(one) => format!("{} {}", shown(IpAddress::Ipv6(one.address)), one.port),
    }
}

fn shown(address: IpAddress) -> String {
    match address {
        IpAddress::Ipv4((a, b, c, d)) => format!("{a}.{b}.{c}.{d}"),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => format!("{a:x}:{b:x}:{c:x}:{d:x}:{e:x}:{f:x}:{g:x}:{h:x}"),
    }
}
