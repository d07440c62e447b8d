#!/usr/bin/env python3
"""A provider of weft-example:greetings/greeter in Python, with nothing but the standard library: HostData from stdin,
NATS and wRPC by hand. It has no xkey, so it hears of links on its id, as providers from before xkeys do.

Names that do something else: `pid` and `env` tell these; `link` tells the link's config, `config` and `secret` its own;
`die` ends it in mid-call; `deaf` makes it answer nothing any more; `sick` makes it unhealthy.
"""

import base64
import json
import os
import socket
import sys
import urllib.parse

data = json.loads(base64.b64decode(sys.stdin.readline()))
rest_of_stdin = sys.stdin.read()
own, lattice = data["provider_key"], data["lattice_rpc_prefix"]
config, links = data["config"], list(data["link_definitions"])
address = urllib.parse.urlparse(data["lattice_rpc_url"])
connection = socket.create_connection((address.hostname, address.port))
incoming = connection.makefile("rb")
print("greeter starts", rest_of_stdin, flush=True)
if config.get("crash"):
    sys.exit("it was told to crash")


def send(*lines):
    connection.sendall(b"".join(line if isinstance(line, bytes) else line.encode() for line in lines))


def publish(subject, payload=b"", reply=""):
    send(f"PUB {subject} {reply} {len(payload)}\r\n", payload, b"\r\n")


def text(value):
    encoded = value.encode()
    assert len(encoded) < 128
    return bytes([len(encoded)]) + encoded


control = f"wasmbus.rpc.{lattice}.{own}"
greet = f"{lattice}.{own}.wrpc.0.0.1.weft-example:greetings/greeter@0.1.0.greet"
send(
    "CONNECT ",
    json.dumps({"verbose": False, "headers": True, "no_responders": True, "name": "greeter-in-python"}),
    "\r\n",
    f"SUB {control}.health 1\r\nSUB {control}.linkdefs.put 2\r\nSUB {control}.linkdefs.del 3\r\n",
    f"SUB {control}.default.shutdown 4\r\nSUB {control}.config.update 5\r\n",
    f"SUB {greet} {lattice}.{own} 6\r\nSUB _INBOX.greeter.{os.getpid()}.> 7\r\n",
)
deaf = sick = False


def key(link):
    return [link[name] for name in ("source_id", "target", "name", "wit_namespace", "wit_package")]


def answer(name):
    global deaf, sick
    if name == "die":
        print('{"level":"ERROR","fields":{"message":"it dies as it was told","why":"test"}}', file=sys.stderr, flush=True)
        os._exit(3)
    deaf, sick = deaf or name == "deaf", sick or name == "sick"
    if name == "pid":
        return str(os.getpid())
    if name == "env":
        return ",".join(sorted(name for name in os.environ if name not in ("PWD", "LC_CTYPE")))
    if name == "link":
        return " ".join(link["target_config"].get("greeting", "none") for link in links)
    if name == "secret":
        return data["secrets"].get("password", {}).get("value", "none")
    if name == "config":
        return config.get("greeting", "none")
    return f"Hello, {name}, from Python!"


def handle(subject, reply, headers, payload):
    global links, config
    if subject == f"{control}.health" and not deaf:
        publish(reply, json.dumps({"healthy": not sick, "message": "it was told to be sick"}).encode())
    elif subject == f"{control}.linkdefs.put":
        link = json.loads(payload)
        if key(link) not in [key(other) for other in links]:
            links.append(link)
    elif subject == f"{control}.linkdefs.del":
        links = [link for link in links if key(link) != key(json.loads(payload))]
    elif subject == f"{control}.config.update":
        config = json.loads(payload)
    elif subject == f"{control}.default.shutdown" and json.loads(payload)["host_id"] == data["host_id"]:
        print("greeter ends", flush=True)
        publish(reply, b"shutting down")
        sys.exit(0)
    elif subject == greet and not deaf:
        publish(reply, b"", f"_INBOX.greeter.{os.getpid()}.{reply[-8:]}")
        name = payload[1 : 1 + payload[0]].decode()
        publish(f"{reply}.results", b"\0" + text(answer(name)))
        publish(f"{reply}.results")


while line := incoming.readline():
    words = line.decode().split()
    if words[0] == "PING":
        send("PONG\r\n")
    if words[0] in ("MSG", "HMSG"):
        with_headers = words[0] == "HMSG"
        sizes = 2 if with_headers else 1
        size = int(words[-1])
        body = incoming.read(size + 2)[:-2]
        head = int(words[-2]) if with_headers else 0
        replies = words[3 : len(words) - sizes]
        handle(words[1], replies[0] if replies else "", body[:head], body[head:])
