//! A command on WASI 0.3 that does what its arguments say and prints one line for each deed: `ok …` or `err …`. Deeds are
//! separated by `;`, as in `write a hello ; read a ; tcp 127.0.0.1 80 x`; paths are in the first volume.
//! Build: `node manifests/build.ts command-p3`

use std::fmt::Debug;
use wasip3::cli::{environment, exit, stdout};
use wasip3::clocks::{monotonic_clock, system_clock};
use wasip3::filesystem::preopens::get_directories;
use wasip3::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode as FileError, NewTimestamp, OpenFlags, PathFlags,
};
use wasip3::http::client;
use wasip3::http::types::{Fields, Method, Request, Response, Scheme};
use wasip3::random::random;
use wasip3::sockets::ip_name_lookup::resolve_addresses;
use wasip3::sockets::types::{
    IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, TcpSocket, UdpSocket,
};
use wasip3::wit_bindgen::{StreamReader, StreamWriter, spawn_local};
use wasip3::{wit_future, wit_stream};

struct Command;

wasip3::cli::command::export!(Command);

type Deed = Result<String, String>;

impl wasip3::exports::cli::run::Guest for Command {
    async fn run() -> Result<(), ()> {
        let (mut out, data) = wit_stream::new();
        let written = stdout::write_via_stream(data);
        let args = environment::get_arguments();
        for deed in args[1..].split(|arg| arg == ";") {
            let words: Vec<&str> = deed.iter().map(String::as_str).collect();
            let line = match act(&words, &mut out).await {
                Ok(text) => format!("ok {text}\n"),
                Err(text) => format!("err {text}\n"),
            };
            out.write_all(line.into()).await;
        }
        drop(out);
        written.await.map_err(|_| ())
    }
}

async fn act(words: &[&str], out: &mut StreamWriter<u8>) -> Deed {
    match *words {
        ["args", ref rest @ ..] => Ok(rest.join(",")),
        ["env"] => Ok(environment::get_environment()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(",")),
        ["fail"] => {
            exit::exit(Err(()));
            Ok(String::new())
        }
        ["exit"] => {
            exit::exit(Ok(()));
            Ok(String::new())
        }
        ["clock"] => {
            let before = monotonic_clock::now();
            monotonic_clock::wait_for(3_500_000).await;
            let waited = monotonic_clock::now() - before >= 3_500_000;
            Ok(format!("{waited} {}", system_clock::now().seconds > 1_700_000_000))
        }
        ["random", count] => Ok(random::get_random_bytes(count.parse().unwrap()).len().to_string()),
        ["fetch", server, path] => fetch(server, path, None).await,
        ["post", server, path, text] => fetch(server, path, Some(text)).await,
        ["resolve", ..] | ["tcp", ..] | ["flood", ..] | ["echo-once", ..] | ["udp", ..] | ["udp-bind", ..] => {
            network(words, out).await
        }
        _ => files(words).await,
    }
}

async fn fetch(server: &str, path: &str, body: Option<&str>) -> Deed {
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (request, _) = Request::new(Fields::new(), body.map(|text| sent(text.into())), trailers, None);
    if body.is_some() {
        request.set_method(&Method::Post).unwrap();
    }
    request.set_scheme(Some(&Scheme::Http)).unwrap();
    request.set_authority(Some(server)).unwrap();
    request.set_path_with_query(Some(path)).unwrap();
    let response = client::send(request).await.map_err(said)?;
    let status = response.get_status_code();
    let (_, result) = wit_future::new(|| Ok(()));
    let (data, _trailers) = Response::consume_body(response, result);
    let bytes = data.collect().await;
    Ok(format!("{status} {}", String::from_utf8_lossy(&bytes)))
}

async fn files(words: &[&str]) -> Deed {
    let root = get_directories().into_iter().next().ok_or("no volume")?.0;
    let follow = PathFlags::SYMLINK_FOLLOW;
    match *words {
        ["read", path] => {
            let file = open(&root, path, OpenFlags::empty(), DescriptorFlags::READ).await?;
            let (data, result) = file.read_via_stream(0);
            let bytes = data.collect().await;
            done(result.await)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        ["write", path, text] => write(&root, path, text.as_bytes().into()).await,
        ["fill", path, count] => {
            let count = count.parse().unwrap();
            write(&root, path, (0..count).map(|at: usize| (at % 251) as u8).collect()).await
        }
        ["sum", path] => {
            let file = open(&root, path, OpenFlags::empty(), DescriptorFlags::READ).await?;
            let (data, result) = file.read_via_stream(0);
            let bytes = data.collect().await;
            done(result.await)?;
            let right = bytes.iter().enumerate().all(|(at, byte)| *byte == (at % 251) as u8);
            Ok(format!("{} {right}", bytes.len()))
        }
        ["peek", path] => {
            let file = open(&root, path, OpenFlags::empty(), DescriptorFlags::READ).await?;
            let (mut data, result) = file.read_via_stream(1);
            let (_, bytes) = data.read(Vec::with_capacity(2)).await;
            drop(data);
            done(result.await)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        ["append", path, text] => {
            let file = open(&root, path, OpenFlags::empty(), DescriptorFlags::WRITE).await?;
            done(file.append_via_stream(sent(text.as_bytes().into())).await)
        }
        ["ls", path] => {
            let directory = open(&root, path, OpenFlags::DIRECTORY, DescriptorFlags::READ).await?;
            let (entries, result) = directory.read_directory();
            let mut names: Vec<String> = entries.collect().await.into_iter().map(|entry| entry.name).collect();
            done(result.await)?;
            names.sort();
            Ok(names.join(","))
        }
        ["stat", path] => {
            let found = root.stat_at(follow, path.into()).await.map_err(said)?;
            Ok(format!("{:?} {}", found.type_, found.size))
        }
        ["mkdir", path] => done(root.create_directory_at(path.into()).await),
        ["rmdir", path] => done(root.remove_directory_at(path.into()).await),
        ["rm", path] => done(root.unlink_file_at(path.into()).await),
        ["rename", from, to] => done(root.rename_at(from.into(), &root, to.into()).await),
        ["link", from, to] => done(root.link_at(PathFlags::empty(), from.into(), &root, to.into()).await),
        ["symlink", to, path] => done(root.symlink_at(to.into(), path.into()).await),
        ["readlink", path] => root.readlink_at(path.into()).await.map_err(said),
        ["touch", path] => {
            done(root.set_times_at(follow, path.into(), NewTimestamp::Now, NewTimestamp::Now).await)
        }
        ["same", one, other] => {
            let one = open(&root, one, OpenFlags::empty(), DescriptorFlags::READ).await?;
            let other = open(&root, other, OpenFlags::empty(), DescriptorFlags::READ).await?;
            Ok(one.is_same_object(&other).await.to_string())
        }
        _ => Err("unknown deed".into()),
    }
}

async fn open(root: &Descriptor, path: &str, how: OpenFlags, flags: DescriptorFlags) -> Result<Descriptor, String> {
    root.open_at(PathFlags::SYMLINK_FOLLOW, path.into(), how, flags).await.map_err(said)
}

async fn write(root: &Descriptor, path: &str, bytes: Vec<u8>) -> Deed {
    let how = OpenFlags::CREATE | OpenFlags::TRUNCATE;
    let file = open(root, path, how, DescriptorFlags::WRITE).await?;
    done::<FileError>(file.write_via_stream(sent(bytes), 0).await)
}

async fn network(words: &[&str], out: &mut StreamWriter<u8>) -> Deed {
    match *words {
        ["resolve", name] => {
            let found = resolve_addresses(name.into()).await.map_err(said)?;
            Ok(found.into_iter().map(shown).collect::<Vec<_>>().join(","))
        }
        ["tcp", host, port, text] => ask(remote(host, port).await?, text.as_bytes().into()).await,
        ["flood", host, port, count] => {
            let bytes = vec![b'x'; count.parse().unwrap()];
            ask(remote(host, port).await?, bytes).await.map(|text| text.len().to_string())
        }
        ["echo-once", host, port] => {
            let local = remote(host, port).await?;
            let socket = TcpSocket::create(family(&local)).map_err(said)?;
            socket.bind(local).map_err(said)?;
            let mut coming = socket.listen().map_err(said)?;
            let at = socket.get_local_address().map_err(said)?;
            out.write_all(format!("at {}\n", shown_endpoint(at)).into()).await;
            let accepted = coming.next().await.ok_or("nobody came")?;
            let (data, received) = accepted.receive();
            let bytes = data.collect().await;
            done(received.await)?;
            done(accepted.send(sent(bytes.clone())).await)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        ["udp", host, port, text] => {
            let peer = remote(host, port).await?;
            let socket = UdpSocket::create(family(&peer)).map_err(said)?;
            socket.send(text.into(), Some(peer)).await.map_err(said)?;
            let (bytes, _) = socket.receive().await.map_err(said)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        ["udp-bind", host, port] => {
            let local = remote(host, port).await?;
            let socket = UdpSocket::create(family(&local)).map_err(said)?;
            socket.bind(local).map_err(said)?;
            let at = socket.get_local_address().map_err(said)?;
            Ok(shown_endpoint(at).split(' ').next().unwrap().into())
        }
        _ => Err("unknown deed".into()),
    }
}

/// Sends, and gives back what comes meanwhile and after.
async fn ask(remote: IpSocketAddress, bytes: Vec<u8>) -> Deed {
    let socket = TcpSocket::create(family(&remote)).map_err(said)?;
    socket.connect(remote).await.map_err(said)?;
    let (data, received) = socket.receive();
    let sending = socket.send(sent(bytes));
    let bytes = data.collect().await;
    done(sending.await)?;
    done(received.await)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The bytes as a stream that the host reads.
fn sent(bytes: Vec<u8>) -> StreamReader<u8> {
    let (mut writer, data) = wit_stream::new();
    spawn_local(async move {
        writer.write_all(bytes).await;
    });
    data
}

fn done<E: Debug>(result: Result<(), E>) -> Deed {
    result.map(|()| String::new()).map_err(said)
}

fn said<E: Debug>(error: E) -> String {
    format!("{error:?}")
}

async fn remote(host: &str, port: &str) -> Result<IpSocketAddress, String> {
    let found = resolve_addresses(host.into()).await.map_err(said)?;
    let address = found.into_iter().next().ok_or("no address")?;
    let port = port.parse().unwrap();
    Ok(match address {
        IpAddress::Ipv4(address) => IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address }),
        IpAddress::Ipv6(address) => {
            IpSocketAddress::Ipv6(Ipv6SocketAddress { port, flow_info: 0, address, scope_id: 0 })
        }
    })
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
