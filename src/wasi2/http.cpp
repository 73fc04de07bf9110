// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi2/streams.h"

#include <algorithm>
#include <array>
#include <tuple>

// The package wasi:http. There is no network yet: requests can be made up, and sending one answers
// `HTTP-request-denied`. So there are never incoming requests or responses.

namespace vitrine::core::wasi2 {

namespace {

using None = std::monostate;

/// get, head, post, put, delete, connect, options, trace, patch, other
using Method = std::variant<None, None, None, None, None, None, None, None, None, std::string>;
/// HTTP, HTTPS, other
using Scheme = std::variant<None, None, std::string>;

struct DnsErrorPayload {
    std::optional<std::string> rcode;
    std::optional<uint16_t> info_code;
};
struct TlsAlertPayload {
    std::optional<uint8_t> alert_id;
    std::optional<std::string> alert_message;
};
struct FieldSizePayload {
    std::optional<std::string> field_name;
    std::optional<uint32_t> field_size;
};
using Size32 = std::optional<uint32_t>;
using Size64 = std::optional<uint64_t>;
using Text = std::optional<std::string>;
/// `error-code` of wasi:http/types.
using HttpError = std::variant<None, DnsErrorPayload, None, None, None, None, None, None, None, None, None,
    None, None, None, TlsAlertPayload, None /* HTTP-request-denied */, None, Size64, None, None, None, Size32,
    std::optional<FieldSizePayload>, Size32, FieldSizePayload, None, Size32, FieldSizePayload, Size64, Size32,
    FieldSizePayload, Text, Text, None, None, None, None, None, Text>;
constexpr size_t request_denied = 15;

enum class HeaderErrorCase : uint8_t { InvalidSyntax, Forbidden, Immutable };
/// A variant without payloads.
using HeaderError = std::variant<None, None, None>;

using FieldValue = ByteList;
using FieldEntry = std::tuple<std::string, FieldValue>;

/// The resource `fields`: headers or trailers.
struct Fields {
    std::vector<FieldEntry> entries {};
    bool is_immutable = false;
};

/// The resource `outgoing-body`. What is written to it goes nowhere.
struct OutgoingBody {
    bool has_stream = false;
};

struct OutgoingRequest {
    std::shared_ptr<Fields> headers;
    Method method { std::in_place_index<0> };
    std::optional<std::string> path {};
    std::optional<Scheme> scheme {};
    std::optional<std::string> authority {};
    bool has_body = false;
};

struct RequestOptions {
    std::optional<uint64_t> connect {};
    std::optional<uint64_t> first_byte {};
    std::optional<uint64_t> between_bytes {};
};

struct OutgoingResponse {
    std::shared_ptr<Fields> headers;
    uint16_t status = 200;
    bool has_body = false;
};

struct IncomingRequest {};
struct IncomingResponse {};
struct IncomingBody {};
struct FutureTrailers {};
struct FutureResponse {};
struct ResponseOutparam {};

using Done = ComponentResult<void, void>;
template<class T> using OrFailed = ComponentResult<T, void>;

// -- Fields

HeaderError header_error(HeaderErrorCase error)
{
    switch (error) {
    case HeaderErrorCase::InvalidSyntax: return HeaderError(std::in_place_index<0>);
    case HeaderErrorCase::Forbidden: return HeaderError(std::in_place_index<1>);
    case HeaderErrorCase::Immutable: return HeaderError(std::in_place_index<2>);
    }
    std::unreachable();
}
template<class T> using OrHeaderError = ComponentResult<T, HeaderError>;

char lower(char character)
{
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

bool is_same_name(std::string_view a, std::string_view b)
{
    return std::ranges::equal(a, b, {}, lower, lower);
}

/// A token of RFC 9110.
bool is_name(std::string_view name)
{
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z')
            || std::string_view("!#$%&'*+-.^_`|~").contains(c);
    });
}

/// No control characters but tabs.
bool is_value(const FieldValue& value)
{
    return std::ranges::all_of(value, [](std::byte byte) {
        const auto c = static_cast<uint8_t>(byte);
        return (c >= 0x20 && c != 0x7f) || c == '\t';
    });
}

/// Fields about the connection, which belong to the host.
bool is_forbidden(std::string_view name)
{
    static constexpr std::string_view names[] { "connection", "host", "http2-settings", "keep-alive",
        "proxy-authenticate", "proxy-authorization", "proxy-connection", "transfer-encoding", "upgrade" };
    return std::ranges::any_of(names, [&](std::string_view other) { return is_same_name(name, other); });
}

std::optional<HeaderError> fault_of(const std::string& name, const std::vector<FieldValue>& values)
{
    if (!is_name(name) || !std::ranges::all_of(values, is_value))
        return header_error(HeaderErrorCase::InvalidSyntax);
    if (is_forbidden(name))
        return header_error(HeaderErrorCase::Forbidden);
    return std::nullopt;
}

void erase(Fields& fields, std::string_view name)
{
    std::erase_if(
        fields.entries, [&](const FieldEntry& entry) { return is_same_name(std::get<0>(entry), name); });
}

Own<Fields> make_fields() { return Own<Fields>::make(); }

OrHeaderError<Own<Fields>> fields_from_list(std::vector<FieldEntry> entries)
{
    for (const auto& [name, value] : entries)
        if (auto fault = fault_of(name, { value }))
            return err(*std::move(fault));
    return ok(Own<Fields>::make(std::move(entries)));
}

std::vector<FieldValue> fields_get(const Fields& self, std::string_view name)
{
    std::vector<FieldValue> values;
    for (const auto& [other, value] : self.entries)
        if (is_same_name(name, other))
            values.push_back(value);
    return values;
}

bool fields_has(const Fields& self, std::string_view name) { return !fields_get(self, name).empty(); }

OrHeaderError<void> fields_set(Fields& self, const std::string& name, std::vector<FieldValue> values)
{
    if (self.is_immutable)
        return err(header_error(HeaderErrorCase::Immutable));
    if (auto fault = fault_of(name, values))
        return err(*std::move(fault));
    erase(self, name);
    for (FieldValue& value : values)
        self.entries.emplace_back(name, std::move(value));
    return ok();
}

OrHeaderError<void> fields_delete(Fields& self, const std::string& name)
{
    return fields_set(self, name, {});
}

OrHeaderError<void> fields_append(Fields& self, const std::string& name, FieldValue value)
{
    if (self.is_immutable)
        return err(header_error(HeaderErrorCase::Immutable));
    if (auto fault = fault_of(name, { value }))
        return err(*std::move(fault));
    self.entries.emplace_back(name, std::move(value));
    return ok();
}

std::vector<FieldEntry> fields_entries(const Fields& self) { return self.entries; }

Own<Fields> fields_clone(const Fields& self) { return Own<Fields>::make(self.entries); }

/// The headers of a message, which cannot be changed any more.
std::shared_ptr<Fields> frozen(const Own<Fields>& headers)
{
    headers->is_immutable = true;
    return headers.share();
}

// -- Outgoing messages

Own<OutgoingRequest> make_request(Own<Fields> headers) { return Own<OutgoingRequest>::make(frozen(headers)); }

Own<OutgoingResponse> make_response(Own<Fields> headers)
{
    return Own<OutgoingResponse>::make(frozen(headers));
}

template<class Message> OrFailed<Own<OutgoingBody>> body(Message& self)
{
    if (std::exchange(self.has_body, true))
        return err();
    return ok(Own<OutgoingBody>::make());
}

template<class Message> Own<Fields> headers(Message& self) { return Own<Fields>(self.headers); }

Method request_method(OutgoingRequest& self) { return self.method; }

Done set_request_method(OutgoingRequest& self, Method method)
{
    const auto* other = std::get_if<std::string>(&method);
    if (other && !is_name(*other))
        return err();
    self.method = std::move(method);
    return ok();
}

/// Functions that read and set a member. `check` refuses values.
template<auto member, class Object> auto getter(Object& self) { return self.*member; }

bool is_visible(const std::string& text)
{
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c != '\x7f'; });
}

template<auto member> Done set_text(OutgoingRequest& self, std::optional<std::string> text)
{
    if (text && !is_visible(*text))
        return err();
    self.*member = std::move(text);
    return ok();
}

Done set_scheme(OutgoingRequest& self, std::optional<Scheme> scheme)
{
    self.scheme = std::move(scheme);
    return ok();
}

Done set_status(OutgoingResponse& self, uint16_t status)
{
    if (status < 100 || status > 999)
        return err();
    self.status = status;
    return ok();
}

/// A stream to nowhere, once.
OrFailed<Own<OutputStream>> write_body(OutgoingBody& self)
{
    if (std::exchange(self.has_stream, true))
        return err();
    auto nowhere = File::open(host::Sink([](std::span<const std::byte>) {}));
    if (!nowhere)
        return err();
    return ok(Own<OutputStream>::make(*std::move(nowhere)));
}

ComponentResult<void, HttpError> finish_body(Own<OutgoingBody>, std::optional<Own<Fields>>) { return ok(); }

// -- Request options

Own<RequestOptions> make_options() { return Own<RequestOptions>::make(); }

template<auto member> Done set_timeout(RequestOptions& self, std::optional<uint64_t> duration)
{
    self.*member = duration;
    return ok();
}

// -- Sending

ComponentResult<Own<FutureResponse>, HttpError> handle(
    Own<OutgoingRequest>, std::optional<Own<RequestOptions>>)
{
    return err(HttpError(std::in_place_index<request_denied>));
}

std::optional<HttpError> http_error_code(const IoError&) { return std::nullopt; }

void set_response(Own<ResponseOutparam>, ComponentResult<Own<OutgoingResponse>, HttpError>) {}

// -- Incoming messages, of which there are none

template<class T, class... Params> T empty(Params...) { return T(); }
template<class T, class... Params> OrFailed<Own<T>> no_object(Params...) { return err(); }
template<class Future> Own<Pollable> subscribe(Future&) { return Own<Pollable>::make(); }
Own<Fields> no_headers(IncomingRequest&) { return make_fields(); }
Own<Fields> no_response_headers(IncomingResponse&) { return make_fields(); }
Own<FutureTrailers> finish_incoming(Own<IncomingBody>) { return Own<FutureTrailers>::make(); }

void define_messages(Definitions& to)
{
    to.func("[constructor]fields", make_fields)
        .func("[static]fields.from-list", fields_from_list)
        .func("[method]fields.get", fields_get)
        .func("[method]fields.has", fields_has)
        .func("[method]fields.set", fields_set)
        .func("[method]fields.delete", fields_delete)
        .func("[method]fields.append", fields_append)
        .func("[method]fields.entries", fields_entries)
        .func("[method]fields.clone", fields_clone)
        .func("[constructor]outgoing-request", make_request)
        .func("[method]outgoing-request.body", body<OutgoingRequest>)
        .func("[method]outgoing-request.method", request_method)
        .func("[method]outgoing-request.set-method", set_request_method)
        .func("[method]outgoing-request.path-with-query", getter<&OutgoingRequest::path, OutgoingRequest>)
        .func("[method]outgoing-request.set-path-with-query", set_text<&OutgoingRequest::path>)
        .func("[method]outgoing-request.scheme", getter<&OutgoingRequest::scheme, OutgoingRequest>)
        .func("[method]outgoing-request.set-scheme", set_scheme)
        .func("[method]outgoing-request.authority", getter<&OutgoingRequest::authority, OutgoingRequest>)
        .func("[method]outgoing-request.set-authority", set_text<&OutgoingRequest::authority>)
        .func("[method]outgoing-request.headers", headers<OutgoingRequest>)
        .func("[constructor]outgoing-response", make_response)
        .func("[method]outgoing-response.status-code", getter<&OutgoingResponse::status, OutgoingResponse>)
        .func("[method]outgoing-response.set-status-code", set_status)
        .func("[method]outgoing-response.headers", headers<OutgoingResponse>)
        .func("[method]outgoing-response.body", body<OutgoingResponse>)
        .func("[method]outgoing-body.write", write_body)
        .func("[static]outgoing-body.finish", finish_body);
}

void define_options(Definitions& to)
{
    using Options = RequestOptions;
    to.func("[constructor]request-options", make_options)
        .func("[method]request-options.connect-timeout", getter<&Options::connect, Options>)
        .func("[method]request-options.set-connect-timeout", set_timeout<&Options::connect>)
        .func("[method]request-options.first-byte-timeout", getter<&Options::first_byte, Options>)
        .func("[method]request-options.set-first-byte-timeout", set_timeout<&Options::first_byte>)
        .func("[method]request-options.between-bytes-timeout", getter<&Options::between_bytes, Options>)
        .func("[method]request-options.set-between-bytes-timeout", set_timeout<&Options::between_bytes>);
}

void define_incoming(Definitions& to)
{
    using Trailers = ComponentResult<std::optional<Own<Fields>>, HttpError>;
    using Response = ComponentResult<Own<IncomingResponse>, HttpError>;
    to.func("http-error-code", http_error_code)
        .func("[method]incoming-request.method", empty<Method, IncomingRequest&>)
        .func("[method]incoming-request.path-with-query", empty<Text, IncomingRequest&>)
        .func("[method]incoming-request.scheme", empty<std::optional<Scheme>, IncomingRequest&>)
        .func("[method]incoming-request.authority", empty<Text, IncomingRequest&>)
        .func("[method]incoming-request.headers", no_headers)
        .func("[method]incoming-request.consume", no_object<IncomingBody, IncomingRequest&>)
        .func("[static]response-outparam.set", set_response)
        .func("[method]incoming-response.status", empty<uint16_t, IncomingResponse&>)
        .func("[method]incoming-response.headers", no_response_headers)
        .func("[method]incoming-response.consume", no_object<IncomingBody, IncomingResponse&>)
        .func("[method]incoming-body.stream", no_object<InputStream, IncomingBody&>)
        .func("[static]incoming-body.finish", finish_incoming)
        .func("[method]future-trailers.subscribe", subscribe<FutureTrailers>)
        .func("[method]future-trailers.get", empty<std::optional<OrFailed<Trailers>>, FutureTrailers&>)
        .func("[method]future-incoming-response.subscribe", subscribe<FutureResponse>)
        .func("[method]future-incoming-response.get",
            empty<std::optional<OrFailed<Response>>, FutureResponse&>);
}

} // namespace

void define_http(Definitions& to)
{
    to.interface("wasi:http/types")
        .resource<InputStream>("input-stream")
        .resource<OutputStream>("output-stream")
        .resource<IoError>("io-error")
        .resource<Pollable>("pollable")
        .resource<Fields>("fields")
        .resource<Fields>("headers")
        .resource<Fields>("trailers")
        .resource<IncomingRequest>("incoming-request")
        .resource<OutgoingRequest>("outgoing-request")
        .resource<RequestOptions>("request-options")
        .resource<ResponseOutparam>("response-outparam")
        .resource<IncomingResponse>("incoming-response")
        .resource<IncomingBody>("incoming-body")
        .resource<FutureTrailers>("future-trailers")
        .resource<OutgoingResponse>("outgoing-response")
        .resource<OutgoingBody>("outgoing-body")
        .resource<FutureResponse>("future-incoming-response");
    define_messages(to);
    define_options(to);
    define_incoming(to);

    to.interface("wasi:http/outgoing-handler")
        .resource<OutgoingRequest>("outgoing-request")
        .resource<RequestOptions>("request-options")
        .resource<FutureResponse>("future-incoming-response")
        .func("handle", handle);
}

} // namespace vitrine::core::wasi2
