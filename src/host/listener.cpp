// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/listener.h"

#include "base/text.h"

#include <cstring>
#include <netdb.h>
#include <sys/socket.h>

namespace vitrine::core::host {

namespace {

std::unexpected<Error> refused(const std::string& address, const std::string& why)
{
    return failure("cannot listen on \"" + escaped(address) + "\": " + why);
}

/// Splits the text into address and port, without brackets.
Result<std::pair<std::string, std::string>> parts_of(const std::string& text)
{
    const size_t colon = text.rfind(':');
    std::string address = colon == std::string::npos ? "127.0.0.1" : text.substr(0, colon);
    std::string port = text.substr(colon == std::string::npos ? 0 : colon + 1);
    if (address.starts_with('[') && address.ends_with(']'))
        address = address.substr(1, address.size() - 2);
    else if (address.contains(':'))
        return refused(text, "an IPv6 address must be in brackets");
    const bool is_number = !port.empty() && port.size() <= 5
        && port.find_first_not_of("0123456789") == std::string::npos && std::stoul(port) <= UINT16_MAX;
    if (address.empty() || address.contains('\0') || !is_number)
        return refused(text, "expected ADDRESS:PORT, with a port of at most 65535");
    return std::pair(std::move(address), std::move(port));
}

} // namespace

Result<HostFd> listen_on(const std::string& address)
{
    const auto [name, port] = TRY(parts_of(address));
    addrinfo wanted {};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(name.c_str(), port.c_str(), &wanted, &found))
        return refused(address, ::gai_strerror(error));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    // Nonblocking, so that `accept` never blocks because a client has already disconnected.
    HostFd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    constexpr int on = 1;
    if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0
        || ::bind(fd.get(), found->ai_addr, found->ai_addrlen) != 0 || ::listen(fd.get(), SOMAXCONN) != 0)
        return refused(address, std::strerror(errno));
    return fd;
}

std::string address_of(const HostFd& socket)
{
    sockaddr_storage address {};
    socklen_t length = sizeof address;
    char name[NI_MAXHOST], port[NI_MAXSERV];
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::getsockname(socket.get(), generic, &length) != 0
        || ::getnameinfo(
               generic, length, name, sizeof name, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV)
            != 0)
        return {};
    const bool is_v6 = address.ss_family == AF_INET6;
    return (is_v6 ? "[" : "") + std::string(name) + (is_v6 ? "]:" : ":") + port;
}

} // namespace vitrine::core::host
