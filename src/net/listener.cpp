// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "net/listener.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <variant>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace vitrine::core::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Local = asio::local::stream_protocol;

namespace {

/// How long to wait after a connection could not be accepted.
constexpr std::chrono::milliseconds accept_pause { 100 };

std::string address_text(const tcp::endpoint& endpoint)
{
    const std::string host = endpoint.address().to_string();
    return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

std::unexpected<Error> cannot_listen(const std::string& address, const std::string& why)
{
    return failure("cannot listen on " + address + ": " + why);
}

/// Keeps programs that this one starts from holding the socket open.
void close_on_exec(int descriptor) { ::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

/// Whether a program listens on this socket. If that cannot be found out, it may.
bool is_served(const std::string& path)
{
    sockaddr_un address { .sun_family = AF_UNIX, .sun_path = {} };
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return true;
    const int result = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const bool is_refused = result != 0 && errno == ECONNREFUSED;
    ::close(probe);
    return !is_refused;
}

/// Makes room for a socket: removes one on which nobody listens. Any other file stays.
Result<void> clear_path(const std::string& path)
{
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0)
        return {};
    if (!S_ISSOCK(status.st_mode))
        return cannot_listen(path, "the file exists and is not a socket");
    if (is_served(path))
        return cannot_listen(path, "another program listens there");
    if (::unlink(path.c_str()) != 0)
        return cannot_listen(path, std::strerror(errno));
    return {};
}

} // namespace

Result<void> Listener::open_port(const TcpAddress& address)
{
    error_code error;
    tcp::endpoint endpoint;
    const std::string port = std::to_string(address.port);
    const auto found =
        tcp::resolver(acceptor_.get_executor()).resolve(address.host, port, tcp::resolver::passive, error);
    if (!error) {
        endpoint = *found.begin();
        acceptor_.open(endpoint.protocol(), error);
        if (!error)
            acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error)
            acceptor_.bind(endpoint, error);
        if (!error)
            acceptor_.listen(Acceptor::max_listen_connections, error);
    }
    if (error)
        return cannot_listen(address.host + ":" + port, error.message());
    const auto bound = acceptor_.local_endpoint(error);
    endpoint.resize(bound.size());
    std::memcpy(endpoint.data(), bound.data(), bound.size());
    address_ = address_text(endpoint);
    is_local_ = endpoint.address().is_loopback();
    return {};
}

Result<void> Listener::open_path(const SocketPath& address)
{
    std::error_code unknown;
    const std::string path = std::filesystem::absolute(address.path, unknown).lexically_normal();
    if (unknown || path.size() >= sizeof(sockaddr_un::sun_path))
        return cannot_listen(address.path,
            "the path of a Unix socket has at most " + std::to_string(sizeof(sockaddr_un::sun_path) - 1)
                + " bytes");
    CHECK(clear_path(path));
    error_code error;
    const Local::endpoint endpoint(path);
    acceptor_.open(endpoint.protocol(), error);
    if (!error)
        acceptor_.bind(endpoint, error);
    if (error)
        return cannot_listen(path, error.message());
    file_ = SocketFile(path);
    // Nobody can connect before it listens.
    if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0)
        return cannot_listen(path, std::strerror(errno));
    acceptor_.listen(Acceptor::max_listen_connections, error);
    if (error)
        return cannot_listen(path, error.message());
    address_ = path;
    is_local_ = true;
    return {};
}

Result<void> Listener::open(std::string_view address)
{
    const Address parsed = TRY(parse_address(address));
    if (const auto* path = std::get_if<SocketPath>(&parsed))
        CHECK(open_path(*path));
    else
        CHECK(open_port(std::get<TcpAddress>(parsed)));
    close_on_exec(acceptor_.native_handle());
    return {};
}

void Listener::accept(std::function<void(Socket)> take)
{
    error_code ignored;
    acceptor_.cancel(ignored);
    timer_.cancel();
    take_ = std::move(take);
    accept_next();
}

void Listener::accept_next()
{
    acceptor_.async_accept([this](error_code error, Socket socket) {
        if (!acceptor_.is_open() || error == asio::error::operation_aborted)
            return;
        if (!error) {
            accept_next();
            close_on_exec(socket.native_handle());
            return take_(std::move(socket));
        }
        timer_.expires_after(accept_pause);
        timer_.async_wait([this](error_code stopped) {
            if (!stopped)
                accept_next();
        });
    });
}

void Listener::close()
{
    error_code ignored;
    acceptor_.close(ignored);
    timer_.cancel();
    file_ = {};
}

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

} // namespace vitrine::core::net
