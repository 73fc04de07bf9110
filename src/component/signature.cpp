// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/signature.h"

#include "base/text.h"

#include <algorithm>
#include <string>

namespace vitrine::core::component {

namespace {

using TypeNode = vitrine::detail::ComponentTypeNode;

std::string_view kind_text(ComponentKind kind)
{
    switch (kind) {
    case ComponentKind::Bool: return "bool";
    case ComponentKind::S8: return "s8";
    case ComponentKind::U8: return "u8";
    case ComponentKind::S16: return "s16";
    case ComponentKind::U16: return "u16";
    case ComponentKind::S32: return "s32";
    case ComponentKind::U32: return "u32";
    case ComponentKind::S64: return "s64";
    case ComponentKind::U64: return "u64";
    case ComponentKind::F32: return "f32";
    case ComponentKind::F64: return "f64";
    case ComponentKind::Char: return "char";
    case ComponentKind::String: return "string";
    case ComponentKind::ErrorContext: return "error-context";
    case ComponentKind::List: return "list";
    case ComponentKind::Map: return "map";
    case ComponentKind::Record: return "record";
    case ComponentKind::Tuple: return "tuple";
    case ComponentKind::Variant: return "variant";
    case ComponentKind::Enum: return "enum";
    case ComponentKind::Option: return "option";
    case ComponentKind::Result: return "result";
    case ComponentKind::Flags: return "flags";
    case ComponentKind::Own: return "own";
    case ComponentKind::Borrow: return "borrow";
    case ComponentKind::Stream: return "stream";
    case ComponentKind::Future: return "future";
    }
    std::unreachable();
}

std::string quoted(std::string_view text) { return "`" + escaped(text) + "`"; }

bool is_handle(ComponentKind kind) { return kind == ComponentKind::Own || kind == ComponentKind::Borrow; }

/// Compares types from the outside to the inside, and keeps the way to where it is.
class Comparison {
public:
    explicit Comparison(const TagOf& tag_of) : tag_of_(tag_of) {}

    /// Null stands for a result or a payload that does not exist.
    Result<void> compare(const std::string& where, const TypeNode* node, const Shape* shape)
    {
        if (!node || !shape) {
            if (!node && !shape)
                return {};
            const auto text = [](bool exists, ComponentKind kind) {
                return exists ? quoted(kind_text(kind)) : "nothing";
            };
            return differ(where, text(shape, shape ? shape->kind : ComponentKind {}),
                text(node, node ? node->kind : ComponentKind {}));
        }
        if (is_handle(node->kind) && is_handle(shape->kind))
            return compare_handles(where, *node, *shape);
        if (node->kind != shape->kind)
            return differ(where, quoted(kind_text(shape->kind)), quoted(kind_text(node->kind)));
        if (shape->length)
            return differ(where, "a list of fixed length", "`list`");
        return compare_parts(where, *node, *shape);
    }

private:
    static Result<void> differ(
        const std::string& where, const std::string& component, const std::string& host)
    {
        return failure(where + ": the component has " + component + ", the host function has " + host);
    }

    Result<void> compare_handles(const std::string& where, const TypeNode& node, const Shape& shape) const
    {
        const auto known = tag_of_(shape.resource);
        const void* const tag = known ? *known : node.tag;
        if (!node.tag) {
            if (tag)
                return differ(where, "a resource of the host", "a resource of the component");
            return {};
        }
        if (node.kind != shape.kind)
            return differ(where, quoted(kind_text(shape.kind)), quoted(kind_text(node.kind)));
        if (!tag)
            return differ(where, "a resource of the component", "a resource of the host");
        if (tag != node.tag)
            return failure(where + ": the resource of the component has another C++ type");
        return {};
    }

    Result<void> compare_parts(const std::string& where, const TypeNode& node, const Shape& shape)
    {
        const auto& parts = node.parts;
        switch (shape.kind) {
        case ComponentKind::List: return compare(where + ", element", &parts[0], &shape.element());
        case ComponentKind::Option: return compare(where + ", payload", &parts[0], shape.parts[1].shape);
        case ComponentKind::Record:
        case ComponentKind::Tuple:
        case ComponentKind::Variant:
        case ComponentKind::Result: break;
        default: return {};
        }
        const bool has_cases = shape.has_cases();
        if (parts.size() != shape.parts.size()) {
            const char* const one = has_cases ? "case" : "field";
            return differ(where,
                quoted(kind_text(shape.kind)) + " with " + count_text(shape.parts.size(), one),
                "one with " + count_text(parts.size(), one));
        }
        for (size_t i = 0; i < parts.size(); ++i) {
            const ShapePart& part = shape.parts[i];
            const std::string name = part.name.empty() ? std::to_string(i) : quoted(part.name);
            CHECK(compare(where + (has_cases ? ", case " : ", field ") + name,
                parts[i].is_absent ? nullptr : &parts[i], part.shape));
        }
        return {};
    }

    const TagOf& tag_of_;
};

} // namespace

Result<void> check_signature(const Signature& signature, const FuncShape& func, const TagOf& tag_of)
{
    const auto& params = func.params.parts;
    if (signature.params.size() != params.size())
        return failure("the component has " + count_text(params.size(), "parameter")
            + ", the host function has " + std::to_string(signature.params.size()));
    Comparison comparison(tag_of);
    for (size_t i = 0; i < params.size(); ++i)
        CHECK(
            comparison.compare("parameter " + quoted(params[i].name), &signature.params[i], params[i].shape));
    return comparison.compare(
        "result", signature.results.empty() ? nullptr : signature.results.data(), func.result);
}

Result<void> check_resources(const TypeNode& wanted, const Value& value)
{
    if (is_handle(wanted.kind)) {
        if (wanted.tag && value.held()->tag != wanted.tag)
            return failure("the resource has another C++ type");
        return {};
    }
    const auto* const nodes = std::get_if<Value::Nodes>(&value.content);
    if (!nodes || wanted.parts.empty())
        return {};
    for (size_t i = 0; i < nodes->size(); ++i) {
        const bool is_list = wanted.kind == ComponentKind::List || wanted.kind == ComponentKind::Map;
        const bool is_case = wanted.kind == ComponentKind::Variant || wanted.kind == ComponentKind::Result;
        const bool has_one = is_list || wanted.kind == ComponentKind::Option;
        CHECK(check_resources(wanted.parts[has_one ? 0 : is_case ? value.bits : i], (*nodes)[i]));
    }
    return {};
}

} // namespace vitrine::core::component
