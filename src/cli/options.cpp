// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/options.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace vitrine::cli {

void GuestOptions::add_to(CLI::App& command)
{
    command.add_option("--dir", folders, "Open a folder to the guest: HOST or HOST::GUEST")
        ->allow_extra_args(false);
    command
        .add_option("--env", environment, "Set an environment variable: NAME=VALUE, or NAME to pass it on")
        ->allow_extra_args(false);
    command.add_option("--invoke", invoke, "Call this export, with numbers as arguments, instead of _start");
    command.add_option("--timeout", timeout, "End the guest after so many seconds (status 124)")
        ->check(CLI::PositiveNumber);
    // What follows the module's path belongs to the guest.
    command.prefix_command();
}

Result<void> GuestOptions::take_rest(const CLI::App& command, const Behind& behind)
{
    arguments = command.remaining();
    if (behind) {
        // Behind the module it is the guest's own.
        if (!arguments.empty())
            arguments.emplace_back("--");
        arguments.insert(arguments.end(), behind->begin(), behind->end());
    }
    if (arguments.empty())
        return Error("no module is given");
    if (arguments.front().starts_with("-") && !command.remaining().empty())
        return Error("unknown option " + arguments.front());
    module = arguments.front();
    arguments.erase(arguments.begin());
    return {};
}

Result<WasiConfig> GuestOptions::wasi() const
{
    WasiConfig config;
    std::vector<std::string> all { module };
    all.insert(all.end(), arguments.begin(), arguments.end());
    config.args(std::move(all));
    for (const std::string& folder : folders) {
        const size_t separator = folder.find("::");
        const std::string host = folder.substr(0, separator);
        if (host.empty())
            return Error("--dir " + folder + ": the folder of the host is empty");
        config.preopen(host, separator == std::string::npos ? host : folder.substr(separator + 2));
    }
    for (const std::string& variable : environment) {
        const size_t sign = variable.find('=');
        if (sign == 0 || variable.empty())
            return Error("--env " + variable + ": the name is empty");
        const std::string name = variable.substr(0, sign);
        if (sign != std::string::npos)
            config.env(name, variable.substr(sign + 1));
        else if (const char* value = std::getenv(name.c_str()))
            config.env(name, value);
    }
    return config;
}

std::string absolute_path(const std::string& path)
{
    std::error_code error;
    const auto absolute = std::filesystem::canonical(path, error);
    return error ? path : absolute.string();
}

namespace {

/// An integer of `Bits` bits, signed or not, in its unsigned form.
template<class Bits> std::optional<Bits> parse_integer(std::string_view text)
{
    const bool is_negative = text.starts_with('-');
    if (text.starts_with('-') || text.starts_with('+'))
        text.remove_prefix(1);
    const bool is_hex = text.starts_with("0x");
    text.remove_prefix(is_hex ? 2 : 0);
    Bits value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, is_hex ? 16 : 10);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    const Bits smallest = Bits { 1 } << (sizeof(Bits) * 8 - 1);
    if (is_negative && value > smallest)
        return std::nullopt;
    return is_negative ? Bits { 0 } - value : value;
}

template<class Float, class Bits> std::optional<Float> parse_float(std::string_view text)
{
    const bool is_negative = text.starts_with('-');
    if (text.starts_with('-') || text.starts_with('+'))
        text.remove_prefix(1);
    Float value = 0;
    if (text == "inf") {
        value = std::numeric_limits<Float>::infinity();
    } else if (text.starts_with("nan")) {
        constexpr Bits mantissa = (Bits { 1 } << (std::numeric_limits<Float>::digits - 1)) - 1;
        const auto payload = text == "nan" ? std::optional<Bits>((mantissa + 1) >> 1)
            : text.starts_with("nan:")     ? parse_integer<Bits>(text.substr(4))
                                           : std::nullopt;
        if (!payload || *payload == 0 || *payload > mantissa)
            return std::nullopt;
        value = std::bit_cast<Float>(std::bit_cast<Bits>(std::numeric_limits<Float>::infinity()) | *payload);
    } else {
        const bool is_hex = text.starts_with("0x");
        text.remove_prefix(is_hex ? 2 : 0);
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value,
            is_hex ? std::chars_format::hex : std::chars_format::general);
        const bool starts_well =
            !text.empty() && (is_hex || text.front() == '.' || (text.front() >= '0' && text.front() <= '9'));
        if (!starts_well || error != std::errc() || end != text.data() + text.size())
            return std::nullopt;
    }
    const Bits sign = is_negative ? Bits { 1 } << (sizeof(Bits) * 8 - 1) : 0;
    return std::bit_cast<Float>(std::bit_cast<Bits>(value) | sign);
}

} // namespace

Result<Val> parse_number(const std::string& text, ValKind kind)
{
    std::string digits = text;
    std::erase(digits, '_');
    const auto make = [&](const auto& number, auto convert) -> Result<Val> {
        if (number)
            return convert(*number);
        return Error("\"" + text + "\" is no number of type " + std::string(to_text(kind)));
    };
    switch (kind) {
    case ValKind::I32:
        return make(parse_integer<uint32_t>(digits),
            [](uint32_t value) { return Val::i32(static_cast<int32_t>(value)); });
    case ValKind::I64:
        return make(parse_integer<uint64_t>(digits),
            [](uint64_t value) { return Val::i64(static_cast<int64_t>(value)); });
    case ValKind::F32:
        return make(parse_float<float, uint32_t>(digits), [](float value) { return Val::f32(value); });
    case ValKind::F64:
        return make(parse_float<double, uint64_t>(digits), [](double value) { return Val::f64(value); });
    default:
        return Error("a value of type " + std::string(to_text(kind)) + " cannot be written as an argument");
    }
}

Result<std::vector<Val>> parse_arguments(const std::vector<std::string>& texts, const FuncType& type)
{
    if (texts.size() != type.params.size())
        return Error(
            fmt::format("the function takes {} arguments, {} are given: its type is {}", type.params.size(),
                texts.size(), type.params.empty() && type.results.empty() ? "(func)" : type.to_text()));
    std::vector<Val> values;
    for (size_t i = 0; i < texts.size(); ++i) {
        auto value = parse_number(texts[i], type.params[i]);
        if (!value)
            return Error(fmt::format("argument {}: {}", i + 1, value.error().message()));
        values.push_back(*value);
    }
    return values;
}

Result<Func> find_entry(const Instance& instance, const GuestOptions& options)
{
    const std::string name = options.invoke.empty() ? "_start" : options.invoke;
    if (auto function = instance.func(name))
        return *function;
    std::vector<std::string> functions;
    for (const ExportInfo& item : instance.module().exports())
        if (item.kind == ExternKind::Func)
            functions.push_back(item.name);
    const std::string choice = functions.empty()
        ? "it exports no function"
        : "it exports " + fmt::format("{}", fmt::join(functions, ", "));
    return Error(fmt::format("{} has no function \"{}\" to call: {}{}", options.module, name, choice,
        options.invoke.empty() && !functions.empty() ? "; --invoke calls one of them" : ""));
}

Result<std::vector<Val>> run_guest(
    const Linker& linker, Store& store, const Module& module, const GuestOptions& options)
{
    auto instance = linker.instantiate(store, module);
    if (!instance)
        return instance.error();
    const auto entry = find_entry(*instance, options);
    if (!entry)
        return entry.error();
    // A reactor is initialised before anything else of it is called.
    if (const auto initialize = instance->func("_initialize"); initialize && !options.invoke.empty())
        if (auto done = initialize->call({}); !done)
            return done.error();
    const auto arguments = options.invoke.empty() ? Result<std::vector<Val>>(std::vector<Val> {})
                                                  : parse_arguments(options.arguments, entry->type());
    if (!arguments)
        return Error("--invoke " + options.invoke + ": " + arguments.error().message());
    return entry->call(*arguments);
}

} // namespace vitrine::cli
