// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/subtyping.h"

#include "base/overloaded.h"
#include "base/text.h"
#include "component/names.h"
#include "wasm/match.h"

#include <algorithm>

namespace vitrine::core::component {

std::string quoted(std::string_view name) { return "`" + printable(name) + "`"; }

namespace {

std::unexpected<Error> unlike(std::string_view expected, std::string_view found)
{
    return failure("expected " + std::string(expected) + ", found " + std::string(found));
}

std::unexpected<Error> other_count(size_t expected, size_t found, const std::string& what)
{
    return failure("expected " + std::to_string(expected) + " " + what + ", found " + std::to_string(found));
}

std::string func_text(const core::TypeRegistry& types, core::TypeId id)
{
    const core::FuncType* func = types[id].func();
    const std::string text = func ? func->to_text() : "..";
    return text.empty() ? "(func)" : "(func " + text + ")";
}

} // namespace

// -- Core types

/// `core::matches` decides; this says why not.
Result<void> Subtyping::check(const core::ExternType& actual, const core::ExternType& expected) const
{
    if (core::matches(actual, expected, core_types_))
        return {};
    if (actual.index() != expected.index())
        return unlike(to_text(kind_of(expected)), to_text(kind_of(actual)));
    const auto mismatch = [](const std::string& what) { return failure("mismatch in " + what); };
    const auto differ = [&](core::TypeId found, core::TypeId wanted) {
        return failure(
            "expected: " + func_text(core_types_, wanted) + ", found: " + func_text(core_types_, found));
    };
    return std::visit(
        Overloaded {
            [&](const core::ExternFunc<core::TypeId>& wanted) -> Result<void> {
                return differ(std::get<core::ExternFunc<core::TypeId>>(actual).type, wanted.type);
            },
            [&](const core::ExternTag<core::TypeId>& wanted) -> Result<void> {
                return differ(std::get<core::ExternTag<core::TypeId>>(actual).type, wanted.type);
            },
            [&](const core::TableType& wanted) -> Result<void> {
                const auto& found = std::get<core::TableType>(actual);
                if (found.element != wanted.element)
                    return failure("expected table element type " + wanted.element.to_text() + ", found "
                        + found.element.to_text());
                return mismatch("table limits");
            },
            [&](const core::MemoryType& wanted) -> Result<void> {
                const auto& found = std::get<core::MemoryType>(actual);
                if (found.limits.is_shared != wanted.limits.is_shared)
                    return mismatch("the shared flag for memories");
                if (found.limits.is_64 != wanted.limits.is_64)
                    return mismatch("the index type of memories");
                if (found.page_size_log2 != wanted.page_size_log2)
                    return mismatch("the page size of memories");
                return mismatch("memory limits");
            },
            [&](const core::GlobalType& wanted) -> Result<void> {
                const auto& found = std::get<core::GlobalType>(actual);
                if (found.is_mutable != wanted.is_mutable)
                    return failure("global types differ in mutability");
                return failure(
                    "expected global type " + wanted.type.to_text() + ", found " + found.type.to_text());
            },
        },
        expected);
}

Result<void> Subtyping::check(ModuleTypeId actual, ModuleTypeId expected)
{
    if (actual == expected)
        return {};
    const ModuleType& found = types_[actual];
    const ModuleType& wanted = types_[expected];
    CHECK(types_.spend(found.imports.size() + wanted.imports.size() + wanted.exports->size()));
    // A module may need less than what it is given, and export more than what is asked for.
    std::map<std::pair<std::string_view, std::string_view>, const core::ExternType*> given;
    for (const ModuleImport& import : wanted.imports)
        given[{ import.module, import.name }] = &import.type;
    for (const ModuleImport& import : found.imports) {
        const auto name = [&] {
            return "`" + printable(import.module) + "::" + printable(import.name) + "`";
        };
        const auto type = given.find({ import.module, import.name });
        if (type == given.end())
            return failure("missing expected import " + name());
        CHECK(in_context(
            check(*type->second, import.type), [&] { return "type mismatch in import " + name(); }));
    }
    for (const auto& [name, type] : *wanted.exports) {
        const auto exported = found.exports->find(name);
        if (exported == found.exports->end())
            return failure("missing expected export " + quoted(name));
        CHECK(in_context(
            check(exported->second, type), [&] { return "type mismatch in export " + quoted(name); }));
    }
    return {};
}

// -- Values and functions

Result<void> Subtyping::check_resources(TypeId actual, TypeId expected) const
{
    if (types_.resource(actual) != types_.resource(expected))
        return failure("resource types are not the same");
    return {};
}

Result<void> Subtyping::check_records(const RecordType& actual, const RecordType& expected)
{
    if (actual.fields.size() != expected.fields.size())
        return other_count(expected.fields.size(), actual.fields.size(), "fields");
    for (size_t i = 0; i < actual.fields.size(); ++i) {
        const Field &found = actual.fields[i], &wanted = expected.fields[i];
        if (!are_labels_equal(found.name, wanted.name))
            return failure("expected field name " + quoted(wanted.name) + ", found " + quoted(found.name));
        CHECK(in_context(check_values(found.type, wanted.type),
            [&] { return "type mismatch in record field " + quoted(found.name); }));
    }
    return {};
}

Result<void> Subtyping::check_variants(const VariantType& actual, const VariantType& expected)
{
    if (actual.cases.size() != expected.cases.size())
        return other_count(expected.cases.size(), actual.cases.size(), "cases");
    for (size_t i = 0; i < actual.cases.size(); ++i) {
        const Case &found = actual.cases[i], &wanted = expected.cases[i];
        if (!are_labels_equal(found.name, wanted.name))
            return failure("expected case named " + quoted(wanted.name) + ", found " + quoted(found.name));
        if (found.type && !wanted.type)
            return failure("expected case " + quoted(found.name) + " to have no type");
        if (!found.type && wanted.type)
            return failure("expected case " + quoted(found.name) + " to have a type, found none");
        if (found.type)
            CHECK(in_context(check_values(*found.type, *wanted.type),
                [&] { return "type mismatch in variant case " + quoted(found.name); }));
    }
    return {};
}

/// The optional part of a result, stream or future.
Result<void> Subtyping::check_optional(
    const std::optional<ValType>& actual, const std::optional<ValType>& expected, const std::string& what)
{
    if (actual && !expected)
        return failure("expected " + what + " type to not be present");
    if (!actual && expected)
        return failure("expected " + what + " type, but found none");
    if (!actual)
        return {};
    return in_context(
        check_values(*actual, *expected), [&] { return "type mismatch in " + what + " variant"; });
}

/// Equal types are recognized at once. So this goes down one way only, to where two types differ.
Result<void> Subtyping::check_values(ValType actual, ValType expected)
{
    if (types_.are_equal(actual, expected))
        return {};
    const ValueDef found = types_.value(actual), wanted = types_.value(expected);
    if (std::holds_alternative<Primitive>(found) && std::holds_alternative<Primitive>(wanted))
        return failure("expected primitive " + quoted(kind_text(wanted)) + " found primitive "
            + quoted(kind_text(found)));
    if (found.index() != wanted.index()) {
        // Without a name, a primitive type is called by its own.
        const bool is_named = std::holds_alternative<Primitive>(wanted) && !expected.is_primitive();
        return unlike(is_named ? "primitive" : kind_text(wanted), kind_text(found));
    }
    return std::visit(
        Overloaded {
            [&](const RecordType& type) { return check_records(type, std::get<RecordType>(wanted)); },
            [&](const VariantType& type) { return check_variants(type, std::get<VariantType>(wanted)); },
            [&](const ListType& type) -> Result<void> {
                const auto& other = std::get<ListType>(wanted);
                if (type.length != other.length)
                    return unlike(kind_text(wanted),
                        kind_text(found) == kind_text(wanted)
                            ? "one of length " + std::to_string(*type.length)
                            : std::string(kind_text(found)));
                return check_values(type.element, other.element);
            },
            [&](const MapType& type) -> Result<void> {
                const auto& other = std::get<MapType>(wanted);
                CHECK(in_context(check_values(type.key, other.key),
                    [] { return std::string("type mismatch in map key"); }));
                return in_context(check_values(type.value, other.value),
                    [] { return std::string("type mismatch in map value"); });
            },
            [&](const TupleType& type) -> Result<void> {
                const auto& other = std::get<TupleType>(wanted);
                if (type.types.size() != other.types.size())
                    return other_count(other.types.size(), type.types.size(), "types");
                for (size_t i = 0; i < type.types.size(); ++i)
                    CHECK(in_context(check_values(type.types[i], other.types[i]),
                        [&] { return "type mismatch in tuple field " + std::to_string(i); }));
                return {};
            },
            [&](const FlagsType&) -> Result<void> { return failure("mismatch in flags elements"); },
            [&](const EnumType&) -> Result<void> { return failure("mismatch in enum elements"); },
            [&](const OptionType& type) {
                return check_values(type.type, std::get<OptionType>(wanted).type);
            },
            [&](const ResultType& type) -> Result<void> {
                const auto& other = std::get<ResultType>(wanted);
                CHECK(check_optional(type.ok, other.ok, "ok"));
                return check_optional(type.error, other.error, "err");
            },
            [&](const OwnType& type) {
                return check_resources(type.resource, std::get<OwnType>(wanted).resource);
            },
            [&](const BorrowType& type) {
                return check_resources(type.resource, std::get<BorrowType>(wanted).resource);
            },
            [&](const StreamType& type) {
                return check_optional(type.element, std::get<StreamType>(wanted).element, "stream");
            },
            [&](const FutureType& type) {
                return check_optional(type.element, std::get<FutureType>(wanted).element, "future");
            },
            [](Primitive) -> Result<void> { std::unreachable(); },
        },
        found);
}

Result<void> Subtyping::check_funcs(TypeId actual, TypeId expected)
{
    const FuncType &found = types_.func(actual), &wanted = types_.func(expected);
    const auto effect = [](const FuncType& func) {
        return func.is_async ? "async function" : "sync function";
    };
    if (found.is_async != wanted.is_async)
        return unlike(effect(wanted), effect(found));
    if (found.params.size() != wanted.params.size())
        return other_count(wanted.params.size(), found.params.size(), "parameters");
    for (size_t i = 0; i < found.params.size(); ++i) {
        const Field &param = found.params[i], &other = wanted.params[i];
        if (!are_labels_equal(param.name, other.name))
            return failure(
                "expected parameter named " + quoted(other.name) + ", found " + quoted(param.name));
        CHECK(in_context(check_values(param.type, other.type),
            [&] { return "type mismatch in function parameter " + quoted(param.name); }));
    }
    if (found.result && !wanted.result)
        return failure("expected no result, found one");
    if (!found.result && wanted.result)
        return failure("expected a result, found none");
    if (found.result)
        return in_context(check_values(*found.result, *wanted.result),
            [] { return std::string("type mismatch with result type"); });
    return {};
}

// -- Instances and components

Result<void> Subtyping::check(const Entity& actual, const Entity& expected)
{
    if (actual.kind != expected.kind)
        return unlike(to_text(expected.kind), to_text(actual.kind));
    if (actual.kind == EntityKind::Module)
        return check(actual.module(), expected.module());
    return check_types(actual.type(), expected.type());
}

Result<void> Subtyping::check_types(TypeId actual, TypeId expected)
{
    CHECK(types_.spend(1));
    if (types_.canonical(actual) == types_.canonical(expected))
        return {};
    const TypeDef &found = types_[actual], &wanted = types_[expected];
    if (found.index() != wanted.index())
        return unlike(kind_text(wanted), kind_text(found));
    if (std::holds_alternative<ValueDef>(found))
        return check_values(actual, expected);
    if (std::holds_alternative<FuncType>(found))
        return check_funcs(actual, expected);
    if (std::holds_alternative<ResourceType>(found))
        return check_resources(actual, expected);
    if (const auto* instance = std::get_if<InstanceType>(&found))
        return check_instances(*instance, std::get<InstanceType>(wanted));
    return check_components(actual, expected);
}

/// An instance may export more than what is asked for.
Result<void> Subtyping::check_instances(const InstanceType& actual, const InstanceType& expected)
{
    const Externs& wanted = expected.exports;
    CHECK(types_.spend(wanted.size()));
    for (size_t i = 0; i < wanted.size(); ++i) {
        const Entity* found = actual.exports.find(wanted.name(i));
        if (!found)
            return failure("missing expected export " + quoted(wanted.name(i)));
        CHECK(in_context(check(*found, wanted.entities[i]),
            [&] { return "type mismatch in instance export " + quoted(wanted.name(i)); }));
    }
    return {};
}

/// Pretends to instantiate the actual component with the imports of the expected one: these must be
/// enough for it, and what it then exports must be enough where the other is expected.
Result<void> Subtyping::check_components(TypeId actual, TypeId expected)
{
    const ComponentType& wanted = types_.component(expected);
    Substitution imports =
        TRY(check_externs([&](std::string_view name) { return wanted.imports.find(name); }, actual, true));
    const Externs exports = TRY(imports.apply(types_.component(actual).exports));
    CHECK(check_externs([&](std::string_view name) { return exports.find(name); }, expected, false));
    return {};
}

Result<Substitution> Subtyping::check_externs(
    const std::function<const Entity*(std::string_view)>& actual, TypeId component, bool is_import)
{
    const ComponentType& type = types_.component(component);
    const Externs& wanted = is_import ? type.imports : type.exports;
    const char* const what = is_import ? "import" : "export";
    // Which resource types stand for those of the component follows from where they are. What is
    // of another kind than expected there is found by the comparison below.
    Substitution resources(types_);
    for (const ResourcePath& resource : is_import ? type.imported : type.defined) {
        CHECK(types_.spend(resource.path.size()));
        const Externs* level = &wanted;
        const Entity* found = actual(level->name(resource.path.front()));
        for (size_t i = 1; found && i < resource.path.size(); ++i) {
            level = &types_.instance(level->entities[resource.path[i - 1]].type()).exports;
            found = found->kind == EntityKind::Instance
                ? types_.instance(found->type()).exports.find(level->name(resource.path[i]))
                : nullptr;
        }
        if (found && found->kind == EntityKind::Type && types_.find<ResourceType>(found->type()))
            resources.replace(resource.resource, types_.resource(found->type()));
    }
    CHECK(types_.spend(wanted.size()));
    Substitution result = resources;
    for (size_t i = 0; i < wanted.size(); ++i) {
        const Entity* found = actual(wanted.name(i));
        if (!found)
            return failure("missing " + std::string(what) + " named " + quoted(wanted.name(i)));
        const Entity expected = TRY(resources.apply(wanted.entities[i]));
        CHECK(in_context(check(*found, expected),
            [&] { return "type mismatch for " + std::string(what) + " " + quoted(wanted.name(i)); }));
        CHECK(replace_types(result, *found, wanted.entities[i]));
    }
    return result;
}

/// Types that are imported by name become the actual types, also inside of instances.
Result<void> Subtyping::replace_types(
    Substitution& substitution, const Entity& actual, const Entity& expected)
{
    if (expected.kind == EntityKind::Type) {
        substitution.replace(expected.type(), actual.type());
    } else if (expected.kind == EntityKind::Instance) {
        const Externs& wanted = types_.instance(expected.type()).exports;
        const Externs& found = types_.instance(actual.type()).exports;
        CHECK(types_.spend(wanted.size()));
        for (size_t i = 0; i < wanted.size(); ++i)
            CHECK(replace_types(substitution, *found.find(wanted.name(i)), wanted.entities[i]));
    }
    return {};
}

} // namespace vitrine::core::component
