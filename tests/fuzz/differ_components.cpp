// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "differ_components.h"

#include "base/text.h"
#include "component/call.h"
#include "component/linker.h"
#include "component/validator.h"
#include "component/wave.h"
#include "engine/engine.h"

#include <cstring>
#include <sstream>

namespace vitrine::core::component {

namespace {

/// Values as the other side writes them, see `Wasmtime.text` in tools/differ_components.py.
std::string text_of(const Value& value, const Shape& shape)
{
    const auto all = [&](const char* open, const char* close) {
        std::string text = open;
        for (size_t i = 0; i < value.nodes().size(); ++i) {
            const bool is_list = shape.kind == ComponentKind::List || shape.kind == ComponentKind::Map;
            text += (i ? " " : "") + text_of(value.nodes()[i], *shape.parts[is_list ? 0 : i].shape);
        }
        return text + close;
    };
    switch (shape.kind) {
    case ComponentKind::Bool: return value.bits ? "true" : "false";
    case ComponentKind::S8:
    case ComponentKind::S16:
    case ComponentKind::S32:
    case ComponentKind::S64: return std::to_string(static_cast<int64_t>(value.bits));
    case ComponentKind::F32: return "f" + hex_digits(value.bits, 8);
    case ComponentKind::F64: return "f" + hex_digits(value.bits, 16);
    case ComponentKind::Char: return "c" + std::to_string(value.bits);
    case ComponentKind::String: {
        std::string text = "s";
        for (const char c : value.text())
            text += hex_digits(static_cast<uint8_t>(c), 2);
        return text;
    }
    case ComponentKind::Map: return all("[", "]");
    case ComponentKind::List: {
        if (!is_packed(shape))
            return all("[", "]");
        std::string text = "[";
        const size_t size = shape.element().size;
        for (size_t at = 0; at < value.packed().size(); at += size) {
            Value element;
            std::memcpy(&element.bits, &value.packed()[at], size);
            // As `Value::bits` has it.
            const auto unused = static_cast<unsigned>(64 - 8 * size);
            if (shape.element().kind == ComponentKind::S8 || shape.element().kind == ComponentKind::S16
                || shape.element().kind == ComponentKind::S32)
                element.bits = static_cast<uint64_t>(static_cast<int64_t>(element.bits << unused) >> unused);
            text += (at ? " " : "") + text_of(element, shape.element());
        }
        return text + "]";
    }
    case ComponentKind::Record:
    case ComponentKind::Tuple: return all("(", ")");
    case ComponentKind::Variant:
    case ComponentKind::Enum:
    case ComponentKind::Option:
    case ComponentKind::Result: {
        const ShapePart& part = shape.parts[value.bits];
        const auto* const payload = value.payload();
        return std::string(part.name) + (payload ? "(" + text_of(*payload, *part.shape) + ")" : "");
    }
    case ComponentKind::Flags: {
        std::string text = "<";
        for (size_t i = 0; i < shape.parts.size(); ++i)
            if (value.bits >> i & 1)
                text += " " + std::string(shape.parts[i].name);
        return text + ">";
    }
    default: return std::to_string(value.bits);
    }
}

std::string quoted_list(const std::vector<std::string>& texts)
{
    std::string list = "[";
    for (const std::string& text : texts) {
        list += (list.size() > 1 ? ", \"" : "\"");
        for (const char c : text)
            list += c == '"' || c == '\\' || c < ' ' || c > '~' ? '?' : c;
        list += '"';
    }
    return list + "]";
}

/// Makes an instance and performs calls such as `f(1)`, until one traps. `f(=)` passes the fields
/// of the last result.
std::vector<std::string> run_script(const std::shared_ptr<Engine>& engine,
    const std::shared_ptr<const Component>& component, const std::string& script)
{
    GuestStore guest(engine);
    std::vector<std::string> ends;
    const auto instance = Linker().instantiate(guest.thread, component);
    if (!instance) {
        const auto* const trap = std::get_if<Trap>(&instance.error());
        return { "trap: " + (trap ? trap->to_text() : std::get<Error>(instance.error()).message) };
    }
    Value last;
    std::istringstream calls(script);
    for (std::string text; calls >> text;) {
        const auto parsed = parse_call(text);
        const Func* const func = parsed ? (*instance)->find_func(parsed->name) : nullptr;
        if (!func)
            return { "no function " + text };
        std::vector<Value> arguments;
        if (text.ends_with("(=)"))
            arguments = last.nodes();
        else if (auto given = parse_arguments(*parsed, *func->shape))
            arguments = *std::move(given);
        auto result = component::call(guest.thread, *func, std::move(arguments));
        if (!result) {
            ends.push_back("trap: " + result.error().to_text());
            break;
        }
        if (!*result) {
            ends.emplace_back();
            continue;
        }
        ends.push_back(text_of(**result, *func->shape->result));
        if (func->shape->result->kind == ComponentKind::Tuple)
            last = **std::move(result);
    }
    return ends;
}

} // namespace

std::string run_component(std::vector<uint8_t> bytes, std::istream& scripts)
{
    const auto engine = std::make_shared<Engine>(EngineConfig { .features = FeatureSet::all() });
    const auto file = std::make_shared<const FileBytes>(std::move(bytes));
    const auto component = load_component(file, file->bytes(), engine->types, engine->config.features);
    if (!component)
        return "{\"end\": \"invalid\", \"runs\": " + quoted_list({ component.error().to_text() }) + "}";
    std::string runs;
    for (std::string script; std::getline(scripts, script);)
        runs += (runs.empty() ? "" : ", ") + quoted_list(run_script(engine, *component, script));
    return "{\"end\": \"ok\", \"runs\": [" + runs + "]}";
}

} // namespace vitrine::core::component
