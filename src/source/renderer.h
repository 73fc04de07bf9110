// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/access.h"
#include "source/render.h"
#include "source/scalars.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vitrine::core::source {

/// How a value is shown: as text, as another value, or by its children between brackets.
struct Shown {
    enum class Shape : uint8_t {
        Text,     ///< `before`
        Alias,    ///< `value`
        Elements, ///< `{1, 2}`, `[1, 2]` in Rust
        Set,      ///< `{1, 2}`
        Tuple,    ///< `(1, 2)` in Rust
        Fields,   ///< `{x = 1, y = 2}`
        Entries,  ///< `{["a"] = 1}`
    };
    /// Gives children `from` .. `from + count`, or fewer if they cannot be read.
    using Children = std::function<std::vector<Child>(uint64_t from, uint64_t count)>;

    Shape shape = Shape::Text;
    /// Text around it.
    std::string before {}, after {};
    /// For `Alias`, and what an expression says behind the parent to mean it; none if it cannot.
    Value value {};
    std::optional<std::string> suffix {};
    /// For an alias that is reached by a pointer: what is shown if that is too deep.
    std::optional<std::string> address {};
    /// Whether it is only another name of the other value, as a reference of C++ is.
    bool is_reference = false;
    /// For all other shapes. Text can have children too, such as what a pointer points to.
    uint64_t count = 0;
    Children children {};
    /// Its children are shown instead, if there are any: those of the struct that a pointer points
    /// to. `suffix` is what leads there.
    std::optional<Value> children_of {};
};

class Renderer;
/// Shows values of types whose names it was made for. `nullopt` if the value is not as expected: it
/// is shown as it is in memory. Reads memory only, and bounds every length that it finds there.
using Formatter = std::optional<Shown> (*)(Renderer& renderer, const Value& value);

/// Renders one value and those in it. For one question: what it asked about types stays valid until
/// its end.
class Renderer {
public:
    Renderer(Reader& reader, const Style& style) : access_(reader), style_(style) {}

    Access& access() { return access_; }
    const Style& style() const { return style_; }

    Shown show(const Value& value);
    /// Without formatters.
    Shown show_raw(const Value& value);
    /// A value inside of others: `depth` of them.
    std::string line(const Value& value, uint32_t depth);

private:
    std::string line(const Shown& shown, const Value& value, uint32_t depth);
    /// None if a child cannot be read that should be there.
    std::optional<std::string> list(const Shown& shown, Language language, uint32_t depth);
    std::string elided(const Shown& shown, Language language) const;

    Shown show_scalar(const Value& value, const Type& type);
    Shown show_enumeration(const Value& value, const Type& type);
    Shown show_pointer(const Value& value, const Type& type);
    Shown show_member_pointer(const Value& value, const Type& type);
    Shown show_complex(const Value& value, const Type& type);
    Shown show_array(const Value& value, const Type& type);
    std::optional<std::string> array_text(const Value& value, uint64_t size, TextUnit unit);
    Shown show_struct(const Value& value, const Type& type);
    Shown show_variant(const Value& value, const Type& type);
    std::optional<Shown> unreadable(const Value& value);
    bool is_hidden(const Member& member);
    Formatter formatter_of(const Type& type);

    Access access_;
    Style style_;
    /// How many calls of `line` are active.
    uint32_t nesting_ = 0;
    std::unordered_map<const Type*, Formatter> formatters_ {};
};

/// The formatter for a type; null if there is none.
Formatter formatter_for(const Type& type);

#define FORMATTER(language, pattern, function) \
    std::optional<Shown> function(Renderer& renderer, const Value& value);
namespace formatters {
#include "source/formatters.inc"
} // namespace formatters

// For formatters.

Shown plain(std::string text);
/// Shows another value instead. `suffix` is what an expression says behind the parent to mean it.
Shown alias(Value value, std::optional<std::string> suffix = {});
/// Shows what a pointer points to instead. None for null, and what is not in memory.
std::optional<Shown> alias_behind(
    Renderer& renderer, const Value& pointer, std::optional<std::string> suffix = {});
/// A fixed list of children.
Shown fields(Shown::Shape shape, std::vector<Child> children);
/// A child that is an element: `[3]`. `list` is what an expression says behind the parent to mean
/// the array that it is in; none if it cannot.
Child element(uint64_t index, Value value, std::optional<std::string_view> list = {});

/// Values `from` .. `from + count` of a container; fewer if it has not as many or cannot be read.
using Walk = std::function<std::vector<Value>(uint64_t from, uint64_t count)>;
/// `count` elements. None if the first of them cannot be read.
std::optional<Shown> sequence(Shown::Shape shape, uint64_t count, Walk walk);
/// The same for pairs of a key and a value, whose members have these names.
std::optional<Shown> entries(
    Renderer& renderer, uint64_t count, Walk walk, std::string_view key, std::string_view mapped);
/// What the child for a key is called: `["a"]`.
std::string entry_name(Renderer& renderer, const Value& key);
std::string entry_name(std::string key);
/// The child for a key.
Child entry(Renderer& renderer, const Value& key, Value mapped);
/// `count` values of a type, one behind the other. None if they are not all in memory. `list` is as
/// in `element`.
std::optional<Shown> elements_at(Renderer& renderer, uint64_t address, uint64_t count, TypeId type,
    std::optional<std::string_view> list = {});
/// `length` units of text. None if they are not all in memory.
std::optional<Shown> text_at(Renderer& renderer, uint64_t address, uint64_t length, TextUnit unit);
/// The same, or the units as elements if the style wants them.
std::optional<Shown> text_or_units(
    Renderer& renderer, uint64_t address, uint64_t length, TextUnit unit, TypeId type);
/// The text of a zero-terminated string at an address, in quotes. None if it cannot be read.
std::optional<std::string> terminated_text(Renderer& renderer, uint64_t address, TextUnit unit);

/// The object that a pointer to a class of C++ really points to, if its class is another one than
/// the pointer's.
std::optional<Value> dynamic_target(Access& access, const Value& target);

} // namespace vitrine::core::source
