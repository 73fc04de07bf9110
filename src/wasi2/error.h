// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/error.h"
#include "wasi2/definitions.h"

#include <cstdint>
#include <string>

namespace vitrine::core::wasi2 {

using host::Errno;

/// `error-code` of wasi:filesystem/types.
enum class ErrorCode : uint8_t {
#define ERROR(name, number) name,
#include "wasi2/errors.inc"
};
/// `Io` for an errno that has no case of its own.
ErrorCode error_code_of(Errno number);

/// The resource `error` of wasi:io/error.
struct IoError {
    Errno number;

    std::string text() const;
};

/// `stream-error` of wasi:io/streams: the last operation failed, or the stream is closed.
using StreamErrorCases = std::variant<Own<IoError>, std::monostate>;
class StreamError {
public:
    StreamError(Errno number) : cases_(Own<IoError>::make(number)) {}
    static StreamError closed() { return {}; }

    StreamErrorCases&& cases() && { return std::move(cases_); }

private:
    StreamError() : cases_(std::monostate()) {}

    StreamErrorCases cases_;
};
template<class T> using StreamResult = std::expected<T, StreamError>;

} // namespace vitrine::core::wasi2

namespace vitrine::detail {

/// So that the functions of the filesystem can return answers of the host.
template<> struct ComponentMapping<core::host::Errno> {
    static ComponentTypeNode type() { return ComponentMapping<core::wasi2::ErrorCode>::type(); }
    static ComponentNode to_node(core::host::Errno number)
    {
        return ComponentMapping<core::wasi2::ErrorCode>::to_node(core::wasi2::error_code_of(number));
    }
};

template<> struct ComponentMapping<core::wasi2::StreamError> {
    static ComponentTypeNode type() { return ComponentMapping<core::wasi2::StreamErrorCases>::type(); }
    static ComponentNode to_node(core::wasi2::StreamError error)
    {
        return ComponentMapping<core::wasi2::StreamErrorCases>::to_node(std::move(error).cases());
    }
};

} // namespace vitrine::detail
