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

/// Which NaNs match a lane. [spec: exec/numerics, NaN propagation]
enum class Nan : uint8_t { No, Canonical, Arithmetic };

struct WastLane {
    uint64_t bits = 0;
    Nan nan = Nan::No;
};

/// A number or a vector. A number has one lane.
struct WastNumber {
    core::ValueType type;
    bool is_float = false;
    uint32_t lane_bits = 0;
    std::vector<WastLane> lanes;
};

/// The kind of a reference in a script. `Host` is a host object as an anyref.
enum class WastRefKind : uint8_t { Null, Func, Extern, Any, Eq, I31, Struct, Array, Exn, Host };

struct WastRef {
    WastRefKind kind;
    /// Only for `Extern` and `Host`: the number of the object. Any object if missing.
    std::optional<uint32_t> number {};
};

/// A value that only components have. It can be read once the type of the parameter or result is
/// known, see cli/wast_component.h.
struct WastComponentValue {
    std::string type;
    json::Value json;
};

/// A value in a script: an argument, or an expected result. A vector of values, from `either`,
/// matches if one of them does.
struct WastValue {
    std::variant<WastNumber, WastRef, WastComponentValue, std::vector<WastValue>> form;

    std::string to_text() const;
};

core::Result<WastValue> read_wast_value(const json::Node& node);
core::Result<std::vector<WastValue>> read_wast_values(const json::Node& node);

std::string to_text(const std::vector<WastValue>& values);

/// The host objects that a script refers to by number.
class HostRefs {
public:
    explicit HostRefs(core::Store& store) : store_(store) {}
    core::Ref get(uint32_t number);
    /// The number of an object. Empty if it is not a host object of the script.
    std::optional<uint32_t> find(core::Ref ref) const;

private:
    core::Ref root(core::Object* object);

    core::Store& store_;
    std::map<uint32_t, core::Ref> refs_;
    std::vector<std::unique_ptr<core::Root>> roots_;
};

std::string to_text(const std::vector<core::Value>& values, const HostRefs& host);

/// Converts an argument for a parameter of the given type.
core::Result<core::Value> argument_of(const WastValue& argument, core::ValueType type, HostRefs& host);

/// Whether a result matches the expected value.
bool matches(
    const WastValue& wanted, const core::Value& value, const core::TypeRegistry& types, HostRefs& host);

} // namespace vitrine::cli
