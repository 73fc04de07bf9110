// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/listener.h"

#include <charconv>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace vitrine::core::gdb {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Local = asio::local::stream_protocol;

namespace {

struct HostAndPort {
    std::string host;
    std::string port;
};

Result<HostAndPort> parse_host_and_port(std::string_view text)
{
    const size_t colon = text.rfind(':');
    std::string_view host = colon == std::string_view::npos ? "" : text.substr(0, colon);
    const std::string_view port = colon == std::string_view::npos ? text : text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.contains(':'))
        return failure("an IPv6 address is written as [ADDRESS]:PORT: " + std::string(text));
    uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc {} || end != port.data() + port.size())
        return failure("no port between 0 and 65535 in '" + std::string(text) + "'");
    return HostAndPort { std::string(host.empty() ? "127.0.0.1" : host), std::string(port) };
}

std::string address_text(const tcp::endpoint& endpoint)
{
    const std::string host = endpoint.address().to_string();
    return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

std::unexpected<Error> cannot_listen(const std::string& address, const std::string& why)
{
    return failure("cannot listen on " + address + ": " + why);
}

Result<Listening> listen_on_port(Acceptor& acceptor, const HostAndPort& address)
{
    error_code error;
    tcp::endpoint endpoint;
    const auto found = tcp::resolver(acceptor.get_executor())
                           .resolve(address.host, address.port, tcp::resolver::passive, error);
    if (!error) {
        endpoint = *found.begin();
        acceptor.open(endpoint.protocol(), error);
        if (!error)
            acceptor.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error)
            acceptor.bind(endpoint, error);
        if (!error)
            acceptor.listen(Acceptor::max_listen_connections, error);
    }
    if (error)
        return cannot_listen(address.host + ":" + address.port, error.message());
    const auto bound = acceptor.local_endpoint(error);
    endpoint.resize(bound.size());
    std::memcpy(endpoint.data(), bound.data(), bound.size());
    return Listening { address_text(endpoint), endpoint.address().is_loopback() };
}

/// Removes a socket that nobody listens on any more. Anything else stays.
void remove_stale_socket(const std::string& path, const Acceptor::executor_type& executor)
{
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode))
        return;
    error_code error;
    Local::socket(executor).connect(Local::endpoint(path), error);
    if (error == asio::error::connection_refused)
        ::unlink(path.c_str());
}

Result<Listening> listen_on_path(Acceptor& acceptor, std::string_view text)
{
    std::error_code unknown;
    const std::string path = std::filesystem::absolute(text, unknown).lexically_normal();
    if (unknown || path.size() >= sizeof(sockaddr_un::sun_path))
        return cannot_listen(std::string(text),
            "the path of a Unix socket has at most " + std::to_string(sizeof(sockaddr_un::sun_path) - 1)
                + " bytes");
    error_code error;
    const Local::endpoint endpoint(path);
    acceptor.open(endpoint.protocol(), error);
    if (!error) {
        remove_stale_socket(path, acceptor.get_executor());
        acceptor.bind(endpoint, error);
    }
    if (error)
        return cannot_listen(path, error.message());
    SocketFile file(path);
    // Nobody can connect before it listens.
    if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0)
        return cannot_listen(path, std::strerror(errno));
    acceptor.listen(Acceptor::max_listen_connections, error);
    if (error)
        return cannot_listen(path, error.message());
    return Listening { path, true, std::move(file) };
}

} // namespace

SocketFile::SocketFile(std::string path) : path_(std::move(path))
{
    struct stat status {};
    if (::lstat(path_.c_str(), &status) != 0)
        path_.clear();
    device_ = status.st_dev;
    inode_ = status.st_ino;
}

SocketFile::~SocketFile()
{
    struct stat status {};
    if (!path_.empty() && ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_
        && status.st_ino == inode_)
        ::unlink(path_.c_str());
}

void SocketFile::swap(SocketFile& other) noexcept
{
    std::swap(path_, other.path_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
}

Result<Listening> listen(Acceptor& acceptor, std::string_view address)
{
    Listening listening =
        TRY(address.contains('/') ? listen_on_path(acceptor, address)
                                  : listen_on_port(acceptor, TRY(parse_host_and_port(address))));
    close_on_exec(acceptor.native_handle());
    return listening;
}

void close_on_exec(int descriptor) { ::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

} // namespace vitrine::core::gdb
