// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi2/streams.h"

#include <tuple>

// The package wasi:sockets. There is no network yet: programs that only import it run, and whatever
// would open a socket or look up a name answers `access-denied`. So no socket ever exists.

namespace vitrine::core::wasi2 {

namespace {

/// `error-code` of wasi:sockets/network. The first two cases of 21.
enum class NetworkError : uint8_t { Unknown, AccessDenied };
enum class AddressFamily : uint8_t { Ipv4, Ipv6 };
enum class ShutdownType : uint8_t { Receive, Send, Both };

using Ipv4Address = std::tuple<uint8_t, uint8_t, uint8_t, uint8_t>;
using Ipv6Address =
    std::tuple<uint16_t, uint16_t, uint16_t, uint16_t, uint16_t, uint16_t, uint16_t, uint16_t>;
using IpAddress = std::variant<Ipv4Address, Ipv6Address>;
struct Ipv4SocketAddress {
    uint16_t port;
    Ipv4Address address;
};
struct Ipv6SocketAddress {
    uint16_t port;
    uint32_t flow_info;
    Ipv6Address address;
    uint32_t scope_id;
};
using SocketAddress = std::variant<Ipv4SocketAddress, Ipv6SocketAddress>;

struct Network {};
struct TcpSocket {};
struct UdpSocket {};
struct AddressStream {};
struct IncomingDatagrams {};
struct OutgoingDatagrams {};

struct IncomingDatagram {
    ByteList data;
    SocketAddress remote;
};
struct OutgoingDatagram {
    ByteList data;
    std::optional<SocketAddress> remote;
};

/// A function with these parameters that answers `access-denied`. Its result would be a `T`.
template<class T, class... Params> ComponentResult<T, NetworkError> refused(Params...)
{
    return err(NetworkError::AccessDenied);
}

template<class Socket> Own<Pollable> subscribe(Socket&) { return Own<Pollable>::make(); }
template<class Socket> AddressFamily address_family(Socket&) { return AddressFamily::Ipv4; }

Own<Network> instance_network() { return Own<Network>::make(); }
bool is_listening(TcpSocket&) { return false; }

void define_network(Definitions& to)
{
    to.interface("wasi:sockets/network").resource<Network>("network");

    to.interface("wasi:sockets/instance-network")
        .resource<Network>("network")
        .func("instance-network", instance_network);

    to.interface("wasi:sockets/ip-name-lookup")
        .resource<Pollable>("pollable")
        .resource<Network>("network")
        .resource<AddressStream>("resolve-address-stream")
        .func("resolve-addresses", refused<Own<AddressStream>, Network&, const std::string&>)
        .func("[method]resolve-address-stream.resolve-next-address",
            refused<std::optional<IpAddress>, AddressStream&>)
        .func("[method]resolve-address-stream.subscribe", subscribe<AddressStream>);
}

void define_tcp(Definitions& to)
{
    to.interface("wasi:sockets/tcp-create-socket")
        .resource<Network>("network")
        .resource<TcpSocket>("tcp-socket")
        .func("create-tcp-socket", refused<Own<TcpSocket>, AddressFamily>);

    using Streams = std::tuple<Own<InputStream>, Own<OutputStream>>;
    using Accepted = std::tuple<Own<TcpSocket>, Own<InputStream>, Own<OutputStream>>;
    to.interface("wasi:sockets/tcp")
        .resource<InputStream>("input-stream")
        .resource<OutputStream>("output-stream")
        .resource<Pollable>("pollable")
        .resource<Network>("network")
        .resource<TcpSocket>("tcp-socket")
        .func("[method]tcp-socket.start-bind", refused<void, TcpSocket&, Network&, SocketAddress>)
        .func("[method]tcp-socket.finish-bind", refused<void, TcpSocket&>)
        .func("[method]tcp-socket.start-connect", refused<void, TcpSocket&, Network&, SocketAddress>)
        .func("[method]tcp-socket.finish-connect", refused<Streams, TcpSocket&>)
        .func("[method]tcp-socket.start-listen", refused<void, TcpSocket&>)
        .func("[method]tcp-socket.finish-listen", refused<void, TcpSocket&>)
        .func("[method]tcp-socket.accept", refused<Accepted, TcpSocket&>)
        .func("[method]tcp-socket.local-address", refused<SocketAddress, TcpSocket&>)
        .func("[method]tcp-socket.remote-address", refused<SocketAddress, TcpSocket&>)
        .func("[method]tcp-socket.is-listening", is_listening)
        .func("[method]tcp-socket.address-family", address_family<TcpSocket>)
        .func("[method]tcp-socket.set-listen-backlog-size", refused<void, TcpSocket&, uint64_t>)
        .func("[method]tcp-socket.keep-alive-enabled", refused<bool, TcpSocket&>)
        .func("[method]tcp-socket.set-keep-alive-enabled", refused<void, TcpSocket&, bool>)
        .func("[method]tcp-socket.keep-alive-idle-time", refused<uint64_t, TcpSocket&>)
        .func("[method]tcp-socket.set-keep-alive-idle-time", refused<void, TcpSocket&, uint64_t>)
        .func("[method]tcp-socket.keep-alive-interval", refused<uint64_t, TcpSocket&>)
        .func("[method]tcp-socket.set-keep-alive-interval", refused<void, TcpSocket&, uint64_t>)
        .func("[method]tcp-socket.keep-alive-count", refused<uint32_t, TcpSocket&>)
        .func("[method]tcp-socket.set-keep-alive-count", refused<void, TcpSocket&, uint32_t>)
        .func("[method]tcp-socket.hop-limit", refused<uint8_t, TcpSocket&>)
        .func("[method]tcp-socket.set-hop-limit", refused<void, TcpSocket&, uint8_t>)
        .func("[method]tcp-socket.receive-buffer-size", refused<uint64_t, TcpSocket&>)
        .func("[method]tcp-socket.set-receive-buffer-size", refused<void, TcpSocket&, uint64_t>)
        .func("[method]tcp-socket.send-buffer-size", refused<uint64_t, TcpSocket&>)
        .func("[method]tcp-socket.set-send-buffer-size", refused<void, TcpSocket&, uint64_t>)
        .func("[method]tcp-socket.subscribe", subscribe<TcpSocket>)
        .func("[method]tcp-socket.shutdown", refused<void, TcpSocket&, ShutdownType>);
}

void define_udp(Definitions& to)
{
    to.interface("wasi:sockets/udp-create-socket")
        .resource<Network>("network")
        .resource<UdpSocket>("udp-socket")
        .func("create-udp-socket", refused<Own<UdpSocket>, AddressFamily>);

    using Streams = std::tuple<Own<IncomingDatagrams>, Own<OutgoingDatagrams>>;
    to.interface("wasi:sockets/udp")
        .resource<Pollable>("pollable")
        .resource<Network>("network")
        .resource<UdpSocket>("udp-socket")
        .resource<IncomingDatagrams>("incoming-datagram-stream")
        .resource<OutgoingDatagrams>("outgoing-datagram-stream")
        .func("[method]udp-socket.start-bind", refused<void, UdpSocket&, Network&, SocketAddress>)
        .func("[method]udp-socket.finish-bind", refused<void, UdpSocket&>)
        .func("[method]udp-socket.stream", refused<Streams, UdpSocket&, std::optional<SocketAddress>>)
        .func("[method]udp-socket.local-address", refused<SocketAddress, UdpSocket&>)
        .func("[method]udp-socket.remote-address", refused<SocketAddress, UdpSocket&>)
        .func("[method]udp-socket.address-family", address_family<UdpSocket>)
        .func("[method]udp-socket.unicast-hop-limit", refused<uint8_t, UdpSocket&>)
        .func("[method]udp-socket.set-unicast-hop-limit", refused<void, UdpSocket&, uint8_t>)
        .func("[method]udp-socket.receive-buffer-size", refused<uint64_t, UdpSocket&>)
        .func("[method]udp-socket.set-receive-buffer-size", refused<void, UdpSocket&, uint64_t>)
        .func("[method]udp-socket.send-buffer-size", refused<uint64_t, UdpSocket&>)
        .func("[method]udp-socket.set-send-buffer-size", refused<void, UdpSocket&, uint64_t>)
        .func("[method]udp-socket.subscribe", subscribe<UdpSocket>)
        .func("[method]incoming-datagram-stream.receive",
            refused<std::vector<IncomingDatagram>, IncomingDatagrams&, uint64_t>)
        .func("[method]incoming-datagram-stream.subscribe", subscribe<IncomingDatagrams>)
        .func("[method]outgoing-datagram-stream.check-send", refused<uint64_t, OutgoingDatagrams&>)
        .func("[method]outgoing-datagram-stream.send",
            refused<uint64_t, OutgoingDatagrams&, const std::vector<OutgoingDatagram>&>)
        .func("[method]outgoing-datagram-stream.subscribe", subscribe<OutgoingDatagrams>);
}

} // namespace

void define_sockets(Definitions& to)
{
    define_network(to);
    define_tcp(to);
    define_udp(to);
}

} // namespace vitrine::core::wasi2
