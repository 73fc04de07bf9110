// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "eval/source_value.h"
#include "runtime/value.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::console {

/// A value of an expression.
struct Computed {
    /// As `print` shows it: a text of the guest is escaped.
    std::string text;
    /// None for a text of the guest.
    std::optional<Value> value {};
    bool is_unsigned = false;
    /// With a type of the source, if it has one. Valid while the program is stopped.
    std::shared_ptr<const eval::SourceResult> source {};
    /// For a value of the source that is neither a number nor a text: the expression for it; empty
    /// if there is none.
    bool is_aggregate = false;
    std::string again {};
};

/// The values that the console remembers: what was printed (`$`, `$$`, `$$N`, `$#N`), and variables
/// that the user has set (`$name`). They hold numbers and texts; a reference may refer to nothing
/// any more when the program has gone on, so its text alone is kept.
///
/// Expressions know nothing of them: a text with such names is turned into one with constants.
/// Names of the program come first: `$name` is what the program calls so, if it does. `$N` is
/// always a local of the program, so the Nth value has a name of its own: `$#N`.
class Variables {
public:
    /// Whether the program calls something so: the text behind `$`.
    using IsKnown = std::function<bool(std::string_view name)>;

    /// Adds a value to the history.
    void remember(Computed value);
    void set(std::string_view name, Computed value);
    const std::map<std::string, Computed, std::less<>>& all() const { return all_; }
    /// The history's values, and the number of the first one.
    const std::vector<Computed>& history() const { return history_; }
    uint64_t first_number() const { return first_number_; }

    /// A text with constants in place of names.
    struct Text {
        std::string text;
        /// Where a place in `text` was in what the user wrote.
        uint64_t original(uint64_t offset) const;

        struct Change {
            /// Where the constant begins, and the name in the text of the user.
            size_t begin, end, original_begin;
            size_t original_end;
        };
        std::vector<Change> changes {};
    };
    /// Fails for a value that cannot be written as a constant.
    Result<Text> replace(std::string_view text, const IsKnown& is_known) const;

private:
    const Computed* find(std::string_view name, const IsKnown& is_known) const;
    const Computed* find_from_last(uint64_t back) const;

    std::map<std::string, Computed, std::less<>> all_;
    std::vector<Computed> history_;
    uint64_t first_number_ = 1;
};

/// The name that an assignment `$name = ..` or `$name += ..` is to; empty for anything else. The
/// operator without its `=` is in `operation`, and the rest in `value`.
struct VariableAssignment {
    std::string_view name, operation, value;
};
std::optional<VariableAssignment> variable_assignment(std::string_view text);

} // namespace vitrine::core::console
