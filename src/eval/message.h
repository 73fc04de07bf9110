// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/source_value.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::eval {

/// A text with `{expression}` and `{expression:format}` in it. The format is `d`, `u` or `x`; `{{`
/// and `}}` are literal braces.
class LogMessage {
public:
    static Result<LogMessage> compile(std::string_view text, const Scope& scope);

    /// The text in a frame. Where evaluating fails, it has the error in angle brackets.
    std::string text(const Frame& frame) const;
    /// Whether it shows values of source types, which takes microseconds rather than nanoseconds.
    bool is_slow() const;

private:
    static Result<LogMessage> parse(std::string_view text, const Scope& scope);

    struct Part {
        /// The text before the expression.
        std::string text;
        /// Nothing in the last part.
        std::optional<SourceExpression> expression;
        Expression::Format format = Expression::Format::Plain;
    };
    std::vector<Part> parts_;
};

} // namespace vitrine::core::eval
