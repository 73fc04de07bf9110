// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/launcher.h"

namespace vitrine::core::dap {

namespace {

Result<void> read(const Arguments& from, std::string_view name, LaunchSpec::Text& to)
{
    to = TRY(from.optional_text(name));
    return {};
}

Result<void> read(const Arguments& from, std::string_view name, AttachSpec::Number& to)
{
    to = TRY(from.optional_number(name));
    return {};
}

Result<void> read(const Arguments& from, std::string_view name, AttachSpec::TextOrNumber& to)
{
    const auto number = from.optional_number(name);
    if (number && *number)
        to.text = std::to_string(**number);
    else
        to.text = TRY(from.optional_text(name));
    return {};
}

Result<void> read(const Arguments& from, std::string_view name, LaunchSpec::Texts& to)
{
    to = TRY(from.texts(name));
    return {};
}

Result<void> read(const Arguments& from, std::string_view name, LaunchSpec::TextMap& to)
{
    to = TRY(from.text_members(name));
    return {};
}

Result<void> read(const Arguments& from, std::string_view name, LaunchSpec::Flag& to)
{
    to = TRY(from.flag_or(name, false));
    return {};
}

} // namespace

std::optional<std::string_view> LaunchSpec::terminal_kind() const
{
    return console == "integratedTerminal" ? std::optional("integrated")
        : console == "externalTerminal"    ? std::optional("external")
                                           : std::nullopt;
}

Result<LaunchSpec> LaunchSpec::from(const Arguments& arguments)
{
    LaunchSpec spec;
#define ATTRIBUTE(member, name, type, summary) CHECK(read(arguments, name, spec.member));
#include "dap/launch.inc"
    if (!spec.program || spec.program->empty())
        return failure("the launch configuration has no \"program\"");
    if (spec.console && *spec.console != "internalConsole" && !spec.terminal_kind())
        return failure("console: expected internalConsole, integratedTerminal or externalTerminal");
    return spec;
}

Result<AttachSpec> AttachSpec::from(const Arguments& arguments)
{
    AttachSpec spec;
#define ATTRIBUTE(member, name, type, summary) CHECK(read(arguments, name, spec.member));
#include "dap/attach.inc"
    // Editors send all of a configuration: its type, and its own name.
    if (TRY(arguments.optional_text("type")) || TRY(arguments.optional_text("request")))
        spec.name.reset();
    const int which = spec.process.has_value() + spec.program.has_value() + spec.name.has_value()
        + spec.socket.has_value() + spec.port.text.has_value();
    if (which > 1)
        return failure("the attach configuration says in more than one way which guest it is for: only one "
                       "of \"pid\", \"program\", \"name\", \"socket\" and \"port\" can be there");
    return spec;
}

} // namespace vitrine::core::dap
