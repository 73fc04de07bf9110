// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "json/node.h"

#include "runtime/store.h"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vitrine::cli {

namespace json = core::json;

/// Which NaNs stand for a lane. [spec: exec/numerics, NaN propagation]
enum class Nan : uint8_t { No, Canonical, Arithmetic };

struct WastLane {
    uint64_t bits = 0;
    Nan nan = Nan::No;
};

/// A number or a vector: a number is one lane of its whole width.
struct WastNumber {
    core::ValueType type;
    bool is_float = false;
    uint32_t lane_bits = 0;
    std::vector<WastLane> lanes;
};

/// What a reference is said to be; `Host` is an object of the host seen as anyref.
enum class WastRefKind : uint8_t { Null, Func, Extern, Any, Eq, I31, Struct, Array, Exn, Host };

struct WastRef {
    WastRefKind kind;
    /// Of `Extern` and `Host`: which object; any if it is missing.
    std::optional<uint32_t> number {};
};

/// A value as a script writes it: an argument, or what a result must be; one of several when it is `either`.
struct WastValue {
    std::variant<WastNumber, WastRef, std::vector<WastValue>> form;

    std::string to_text() const;
};

core::Result<WastValue> read_wast_value(const json::Node& node);
core::Result<std::vector<WastValue>> read_wast_values(const json::Node& node);

std::string to_text(const std::vector<WastValue>& values);

/// The host's objects that a script refers to by number.
class HostRefs {
public:
    explicit HostRefs(core::Store& store) : store_(store) {}
    core::Ref get(uint32_t number);
    /// The number of an object; nothing if it is none of these.
    std::optional<uint32_t> find(core::Ref ref) const;

private:
    core::Ref root(core::Object* object);

    core::Store& store_;
    std::map<uint32_t, core::Ref> refs_;
    std::vector<std::unique_ptr<core::Root>> roots_;
};

std::string to_text(const std::vector<core::Value>& values, const HostRefs& host);

/// The argument for a parameter of that type.
core::Result<core::Value> argument_of(const WastValue& argument, core::ValueType type, HostRefs& host);

/// Whether a result is what the script says.
bool matches(
    const WastValue& wanted, const core::Value& value, const core::TypeRegistry& types, HostRefs& host);

} // namespace vitrine::cli
