// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "net/address.h"

#include <charconv>

namespace vitrine::core::net {

namespace {

Result<TcpAddress> parse_host_and_port(std::string_view text)
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
    return TcpAddress { std::string(host.empty() ? "127.0.0.1" : host), number };
}

} // namespace

Result<Address> parse_address(std::string_view text)
{
    if (text.contains('\0'))
        return failure("the address contains a null character");
    if (text.contains('/') || text.ends_with(".sock"))
        return SocketPath { std::string(text) };
    return TRY(parse_host_and_port(text));
}

} // namespace vitrine::core::net
