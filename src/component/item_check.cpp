// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/item_check.h"

#include "component/components.h"
#include "component/names.h"
#include "component/subtyping.h"
#include "wasm/match.h"

#include <algorithm>

namespace vitrine::core::component {

namespace {

/// Whether two value types are the same. The recursion is bounded by the depth of types.
class SameType {
public:
    SameType(const Instance& a, const Instance& b) : a_(a), b_(b) {}

    bool operator()(const Shape& a, const Shape& b) const
    {
        if (a.kind != b.kind || a.length != b.length || a.parts.size() != b.parts.size())
            return false;
        if (a.kind == ComponentKind::Own || a.kind == ComponentKind::Borrow) {
            const auto* const kind = find(a_, a.resource);
            return kind && kind == find(b_, b.resource);
        }
        return std::ranges::equal(a.parts, b.parts, [&](const ShapePart& x, const ShapePart& y) {
            return are_labels_equal(x.name, y.name) && are_same(x.shape, y.shape);
        });
    }
    bool are_same(const Shape* a, const Shape* b) const { return a && b ? (*this)(*a, *b) : a == b; }

private:
    static const ResourceKind* find(const Instance& instance, TypeId resource)
    {
        const auto found = instance.resources.find(instance.component->types->resource(resource));
        return found == instance.resources.end() ? nullptr : found->second;
    }

    const Instance& a_;
    const Instance& b_;
};

class ItemCheck {
public:
    explicit ItemCheck(Instance& importer) : importer_(importer), types_(*importer.component->types) {}

    Result<void> check(const Entity& expected, const Item& item)
    {
        switch (expected.kind) {
        case EntityKind::Type:
            if (const auto* const type = std::get_if<TypeItem>(&item))
                return check_type(expected.type(), *type);
            break;
        case EntityKind::Func:
            if (const auto* const func = std::get_if<const Func*>(&item))
                return check_func(expected.type(), **func);
            break;
        case EntityKind::Module:
            if (const auto* const module = std::get_if<std::shared_ptr<const core::Module>>(&item))
                return check_module(
                    importer_.components.store.engine().types, types_[expected.module()], **module);
            break;
        case EntityKind::Instance:
            if (const auto* const items = std::get_if<std::shared_ptr<const ItemMap>>(&item))
                return check_instance(expected.type(), **items);
            break;
        case EntityKind::Component: return failure("components cannot be imported");
        }
        return failure("it is not a " + std::string(to_text(expected.kind)));
    }

private:
    Result<void> check_type(TypeId expected, TypeItem found)
    {
        if (!types_.find<ResourceType>(expected))
            return {};
        if (!found)
            return failure("expected a resource type");
        // A type that equals another one has been bound before.
        const auto [bound, is_new] = importer_.resources.emplace(types_.resource(expected), found);
        if (!is_new && bound->second != found)
            return failure("resource types are not the same");
        return {};
    }

    Result<void> check_func(TypeId expected, const Func& found)
    {
        const FuncShape& wanted = importer_.component->shapes->of_func(expected);
        const SameType same(importer_, *found.instance);
        if (wanted.is_async != found.shape->is_async || !same(wanted.params, found.shape->params)
            || !same.are_same(wanted.result, found.shape->result))
            return failure("the function has another type");
        return {};
    }

    Result<void> check_instance(TypeId expected, const ItemMap& found)
    {
        const Externs& exports = types_.instance(expected).exports;
        // Types first, because functions refer to them.
        for (const bool is_type : { true, false })
            for (size_t i = 0; i < exports.size(); ++i) {
                const Entity& inner = exports.entities[i];
                if ((inner.kind == EntityKind::Type) != is_type)
                    continue;
                const std::string_view name = exports.name(i);
                const auto item = found.items.find(name);
                if (item == found.items.end())
                    return failure("the instance has no export " + quoted(name));
                CHECK(in_context(check(inner, item->second), [&] { return "export " + quoted(name); }));
            }
        return {};
    }

    Instance& importer_;
    const Types& types_;
};

} // namespace

Result<void> check_module(
    const core::TypeRegistry& registry, const ModuleType& expected, const core::Module& found)
{
    for (const core::Import& import : found.imports) {
        const auto given = std::ranges::find_if(expected.imports, [&](const ModuleImport& given) {
            return given.module == import.module && given.name == import.name;
        });
        if (given == expected.imports.end()
            || !core::matches(given->type, core::extern_type(found, import.kind, import.index), registry))
            return failure("the module has another import "
                + quoted(std::string(import.module) + "::" + std::string(import.name)));
    }
    for (const auto& [name, type] : *expected.exports) {
        const auto exported = std::ranges::find(found.exports, name, &core::Export::name);
        if (exported == found.exports.end()
            || !core::matches(core::extern_type(found, exported->kind, exported->index), type, registry))
            return failure("the module has no export " + quoted(name) + " of this type");
    }
    return {};
}

Result<void> check_item(Instance& importer, const Entity& expected, const Item& item)
{
    return ItemCheck(importer).check(expected, item);
}

} // namespace vitrine::core::component
