// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/printer.h"

#include "base/overloaded.h"
#include "base/text.h"
#include "component/names.h"

#include <algorithm>

namespace vitrine::core::component {

// -- Names of types

TypeNames::TypeNames(const Component& component) : types_(*component.types)
{
    const ComponentType& type = types_.component(component.type);
    add(type.imports, "");
    add(type.exports, "");
}

TypeNames::Definition TypeNames::definition(TypeId type) const
{
    if (const auto* resource = types_.find<ResourceType>(type))
        return { nullptr, resource->resource.value };
    return { &types_[type], 0 };
}

/// Without `interface`, the types inside are not part of the component itself.
void TypeNames::add(const Externs& externs, std::optional<std::string_view> interface)
{
    for (size_t i = 0; i < externs.size(); ++i) {
        const Entity entity = externs.entities[i];
        if (entity.kind == EntityKind::Type) {
            names_.emplace(entity.type(), externs.name(i));
            if (interface)
                origins_.emplace(definition(entity.type()), Origin { *interface, externs.name(i) });
            continue;
        }
        const bool has_externs = entity.kind == EntityKind::Instance || entity.kind == EntityKind::Component;
        if (!has_externs || !visited_.insert(&types_[entity.type()]).second)
            continue;
        if (const auto* component = types_.find<ComponentType>(entity.type())) {
            add(component->imports, std::nullopt);
            add(component->exports, std::nullopt);
        } else {
            const ExternName& name = externs.names->list[i];
            add(types_.instance(entity.type()).exports,
                interface ? std::optional(name.implements.value_or(name.name)) : std::nullopt);
        }
    }
}

std::string_view TypeNames::find(TypeId type) const
{
    if (const auto found = names_.find(type); found != names_.end())
        return found->second;
    // Types that are equal by structure need no name.
    const TypeDef& def = types_[type];
    const auto* value = std::get_if<ValueDef>(&def);
    const bool is_nominal = value
        ? std::holds_alternative<RecordType>(*value) || std::holds_alternative<VariantType>(*value)
            || std::holds_alternative<EnumType>(*value) || std::holds_alternative<FlagsType>(*value)
        : std::holds_alternative<ResourceType>(def);
    const Origin* const first = is_nominal ? origin(type) : nullptr;
    return first ? first->name : std::string_view();
}

const TypeNames::Origin* TypeNames::origin(TypeId type) const
{
    const auto found = origins_.find(definition(type));
    return found == origins_.end() ? nullptr : &found->second;
}

namespace {

// -- Value types

/// A label, with a `%` if it is a keyword of WIT.
std::string label_text(std::string_view label)
{
    constexpr std::string_view keywords[] = { "as", "async", "bool", "borrow", "char", "constructor", "enum",
        "error-context", "export", "f32", "f64", "flags", "from", "func", "future", "import", "include",
        "interface", "list", "map", "option", "own", "package", "record", "resource", "result", "s16", "s32",
        "s64", "s8", "static", "stream", "string", "tuple", "type", "u16", "u32", "u64", "u8", "use",
        "variant", "with", "world" };
    return (std::ranges::binary_search(keywords, label) ? "%" : "") + std::string(label);
}

/// Writes types until the text has reached its limit.
class TypeWriter {
public:
    TypeWriter(const Types& types, const TypeNames* names, size_t limit)
        : types_(types), names_(names), limit_(limit)
    {}

    /// The depth of the recursion is limited by `limits::type_depth`.
    void type(ValType type)
    {
        if (type.is_primitive()) {
            text_ += to_text(type.primitive());
            return;
        }
        const std::string_view name = names_ ? names_->find(type.type()) : std::string_view();
        if (!name.empty())
            text_ += label_text(name);
        else
            definition(types_.value(type.type()));
    }

    void definition(const ValueDef& def)
    {
        if (is_full())
            return;
        std::visit(Overloaded {
                       [&](Primitive primitive) { text_ += to_text(primitive); },
                       [&](const RecordType& record) { fields("record { ", record.fields, " }"); },
                       [&](const VariantType& variant) {
                           items("variant { ", variant.cases, " }", [&](const Case& item) {
                               text_ += label_text(item.name);
                               if (item.type)
                                   part("(", *item.type, ")");
                           });
                       },
                       [&](const ListType& list) {
                           part("list<", list.element,
                               list.length ? ", " + std::to_string(*list.length) + ">" : ">");
                       },
                       [&](const MapType& map) {
                           part("map<", map.key, ", ");
                           part("", map.value, ">");
                       },
                       [&](const TupleType& tuple) {
                           items("tuple<", tuple.types, ">", [&](ValType item) { type(item); });
                       },
                       [&](const FlagsType& flags) { labels("flags { ", flags.names); },
                       [&](const EnumType& item) { labels("enum { ", item.names); },
                       [&](const OptionType& option) { part("option<", option.type, ">"); },
                       [&](const ResultType& result) { this->result(result); },
                       [&](const OwnType& own) { resource(own.resource); },
                       [&](const BorrowType& borrow) {
                           text_ += "borrow<";
                           resource(borrow.resource);
                           text_ += '>';
                       },
                       [&](const StreamType& stream) { optional("stream", stream.element); },
                       [&](const FutureType& future) { optional("future", future.element); },
                   },
            def);
    }

    /// The parameters, without the first `skipped`, and the result.
    void signature(const FuncType& func, size_t skipped = 0)
    {
        fields("(", std::span(func.params).subspan(std::min(skipped, func.params.size())), ")");
        if (func.result)
            part(" -> ", *func.result, "");
    }

    std::string finish() &&
    {
        if (is_full())
            text_.replace(limit_, text_.npos, "...");
        return std::move(text_);
    }

private:
    bool is_full() const { return text_.size() > limit_; }

    void part(std::string_view before, ValType part, std::string_view after)
    {
        text_ += before;
        type(part);
        text_ += after;
    }

    void optional(std::string_view name, const std::optional<ValType>& element)
    {
        text_ += name;
        if (element)
            part("<", *element, ">");
    }

    void result(const ResultType& result)
    {
        if (!result.error)
            return optional("result", result.ok);
        text_ += "result<";
        if (result.ok)
            type(*result.ok);
        else
            text_ += '_';
        part(", ", *result.error, ">");
    }

    void resource(TypeId resource)
    {
        const std::string_view name = names_ ? names_->find(resource) : std::string_view();
        text_ += name.empty() ? "resource" : label_text(name);
    }

    template<class Items>
    void items(std::string_view before, const Items& items, std::string_view after, const auto& write)
    {
        text_ += before;
        for (size_t i = 0; i < items.size() && !is_full(); ++i) {
            text_ += i > 0 ? ", " : "";
            write(items[i]);
        }
        text_ += after;
    }

    void fields(std::string_view before, std::span<const Field> fields, std::string_view after)
    {
        items(before, fields, after, [&](const Field& field) {
            text_ += label_text(field.name) + ": ";
            type(field.type);
        });
    }

    void labels(std::string_view before, const std::vector<std::string_view>& names)
    {
        items(before, names, " }", [&](std::string_view name) { text_ += label_text(name); });
    }

    const Types& types_;
    const TypeNames* const names_;
    const size_t limit_;
    std::string text_;
};

/// Without the first `skipped` parameters.
std::string text_of(
    const Types& types, const FuncType& func, const TypeNames* names, size_t limit, size_t skipped = 0)
{
    TypeWriter writer(types, names, limit);
    writer.signature(func, skipped);
    return (func.is_async ? "async func" : "func") + std::move(writer).finish();
}

// -- Components

/// The package and the interface in `wasi:io/streams@0.2.6`: `wasi:io@0.2.6` and `streams`.
struct InterfaceName {
    std::string package;
    std::string_view interface;
};
std::optional<InterfaceName> split_name(std::string_view name)
{
    const auto parsed = parse_name(name);
    if (!parsed || parsed->kind != NameKind::Interface)
        return std::nullopt;
    const size_t slash = name.find('/');
    const size_t version = std::min(name.find('@'), name.size());
    return InterfaceName { std::string(name.substr(0, slash)) + std::string(name.substr(version)),
        name.substr(slash + 1, version - slash - 1) };
}

class ComponentPrinter {
public:
    explicit ComponentPrinter(const Component& component)
        : types_(*component.types), names_(component), type_(types_.component(component.type))
    {}

    std::string print() &&
    {
        line("package root:component;");
        blank_line();
        open("world root");
        world(type_.imports, "import ");
        world(type_.exports, "export ");
        close();
        for (const auto& [package, interfaces] : packages_) {
            blank_line();
            open("package " + package);
            for (const std::string_view name : interfaces)
                interface(name, package);
            close();
        }
        if (is_full())
            text_ += "...\n";
        return std::move(text_);
    }

private:
    /// A small file can refer to a large type many times.
    static constexpr size_t most_bytes = size_t { 16 } << 20;
    static constexpr size_t most_bytes_of_type = 10'000;

    // -- Lines

    bool is_full() const { return text_.size() > most_bytes; }

    void line(std::string_view text)
    {
        if (is_full())
            return;
        text_.append(2 * depth_, ' ');
        text_ += text;
        text_ += '\n';
    }
    void blank_line()
    {
        if (!is_full())
            text_ += '\n';
    }
    void open(const std::string& text)
    {
        line(text + " {");
        ++depth_;
    }
    void close()
    {
        --depth_;
        line("}");
    }

    // -- Imports and exports

    void world(const Externs& externs, const std::string& verb)
    {
        const Groups groups = groups_of(externs, "", {});
        for (size_t i = 0; i < externs.size() && !is_full(); ++i)
            item(externs, i, groups, verb, "");
    }

    /// The imports or exports that are written together.
    struct Groups {
        /// The functions of each resource type.
        std::map<std::string_view, std::vector<size_t>> functions;
        /// The positions of all these functions.
        std::set<size_t> members;
        /// The types of each other interface, at the position of the first.
        std::map<size_t, std::vector<size_t>> used;
    };

    /// Without the items that are in `written`.
    Groups groups_of(
        const Externs& externs, std::string_view interface, const std::set<std::string_view>& written)
    {
        Groups groups;
        std::map<std::string_view, size_t> first;
        for (size_t i = 0; i < externs.size(); ++i) {
            if (externs.entities[i].kind != EntityKind::Type || written.contains(externs.name(i)))
                continue;
            const TypeId type = externs.entities[i].type();
            if (is_used(type, interface)) {
                // One with an attribute is written alone.
                const size_t at = externs.names->list[i].external_id
                    ? i
                    : first.try_emplace(names_.origin(type)->interface, i).first->second;
                groups.used[at].push_back(i);
            } else if (types_.find<ResourceType>(type)) {
                groups.functions[externs.name(i)];
            }
        }
        for (size_t i = 0; i < externs.size(); ++i) {
            if (externs.entities[i].kind != EntityKind::Func)
                continue;
            const auto name = parse_name(externs.name(i));
            if (!name || name->resource.empty())
                continue;
            if (const auto resource = groups.functions.find(name->resource);
                resource != groups.functions.end()) {
                resource->second.push_back(i);
                groups.members.insert(i);
            }
        }
        return groups;
    }

    /// An import or export, of the component or, with an empty verb, of an interface.
    void item(const Externs& externs, size_t i, const Groups& groups, const std::string& verb,
        std::string_view interface)
    {
        const Entity entity = externs.entities[i];
        const ExternName& name = externs.names->list[i];
        const std::string shown = name_text(name.name);
        if (groups.members.contains(i))
            return;
        annotate(name);
        switch (entity.kind) {
        case EntityKind::Func: line(verb + shown + ": " + func_text(types_.func(entity.type())) + ";"); break;
        case EntityKind::Type: type(entity.type(), externs, i, groups, interface); break;
        case EntityKind::Instance: instance(entity.type(), name, verb); break;
        case EntityKind::Module: line(verb + shown + ": core module;"); break;
        case EntityKind::Component:
            component(types_.component(entity.type()), verb + shown + ": component");
            break;
        }
    }

    void component(const ComponentType& component, const std::string& title)
    {
        if (component.imports.size() + component.exports.size() == 0)
            return line(title + " {}");
        open(title);
        world(component.imports, "import ");
        world(component.exports, "export ");
        close();
    }

    void annotate(const ExternName& name)
    {
        if (name.external_id)
            line("@external-id(\"" + escaped(*name.external_id) + "\")");
    }

    /// Labels may be keywords of WIT. Other names are text of the file.
    static std::string name_text(std::string_view name)
    {
        return is_label(name) ? label_text(name) : printable(name);
    }

    void instance(TypeId type, const ExternName& name, const std::string& verb)
    {
        const Externs& exports = types_.instance(type).exports;
        const std::string_view interface_name = name.implements.value_or(name.name);
        const auto split = split_name(interface_name);
        if (split && !verb.empty()) {
            line(verb + (name.implements ? name_text(name.name) + ": " : "") + std::string(interface_name)
                + ";");
            auto [interface, is_new] = interfaces_.try_emplace(interface_name);
            if (is_new)
                packages_[split->package].push_back(interface_name);
            interface->second.push_back(&exports);
            return;
        }
        block_of_items(verb + name_text(name.name) + ": interface", exports, interface_name);
    }

    void block_of_items(const std::string& title, const Externs& exports, std::string_view interface)
    {
        if (exports.size() == 0)
            return line(title + " {}");
        open(title);
        items(exports, interface, {});
        close();
    }

    void interface(std::string_view name, std::string_view package)
    {
        const auto& instances = interfaces_.at(name);
        package_ = package;
        if (std::ranges::all_of(instances, [](const Externs* exports) { return exports->size() == 0; })) {
            line("interface " + label_text(split_name(name)->interface) + " {}");
            return;
        }
        open("interface " + label_text(split_name(name)->interface));
        // If a component imports and exports an interface, either may have more items.
        std::set<std::string_view> written;
        for (const Externs* exports : instances)
            items(*exports, name, std::exchange(written, names_of(*exports, written)));
        close();
        package_ = {};
    }

    static std::set<std::string_view> names_of(const Externs& externs, std::set<std::string_view> names)
    {
        for (size_t i = 0; i < externs.size(); ++i)
            names.insert(externs.name(i));
        return names;
    }

    /// The exports of an instance, without those that were written already.
    void items(const Externs& exports, std::string_view interface, const std::set<std::string_view>& written)
    {
        const Groups groups = groups_of(exports, interface, written);
        for (size_t i = 0; i < exports.size() && !is_full(); ++i)
            if (!written.contains(exports.name(i)))
                item(exports, i, groups, "", interface);
    }

    // -- Types and functions

    void type(TypeId id, const Externs& externs, size_t i, const Groups& groups, std::string_view interface)
    {
        const std::string name = label_text(externs.name(i));
        const TypeNames::Origin* const origin = names_.origin(id);
        if (is_used(id, interface)) {
            if (const auto used = groups.used.find(i); used != groups.used.end())
                use(externs, used->second);
        } else if (origin && origin->interface == interface && origin->name != externs.name(i)) {
            line("type " + name + " = " + label_text(origin->name) + ";");
        } else {
            std::visit(
                Overloaded {
                    [&](const ValueDef& value) { definition(value, name); },
                    [&](const FuncType& func) { line("type " + name + " = " + func_text(func) + ";"); },
                    [&](const ResourceType&) {
                        resource(externs, groups.functions.at(externs.name(i)), name);
                    },
                    [&](const InstanceType& instance) {
                        block_of_items("type " + name + " = interface", instance.exports, name);
                    },
                    [&](const ComponentType& type) { component(type, "type " + name + " = component"); },
                },
                types_[id]);
        }
    }

    /// Whether the type is one of another interface. A type of the world is not: an interface
    /// cannot use it, so it is written again.
    bool is_used(TypeId type, std::string_view interface) const
    {
        // Null inside of the types of components.
        const TypeNames::Origin* const origin = names_.origin(type);
        return origin && origin->interface != interface && !origin->interface.empty();
    }

    /// Writes the types that `Groups::used` has at this position.
    void use(const Externs& externs, std::span<const size_t> positions)
    {
        std::string from, items;
        for (const size_t i : positions) {
            const TypeNames::Origin& origin = *names_.origin(externs.entities[i].type());
            from = origin.interface;
            const std::string first = label_text(origin.name), name = label_text(externs.name(i));
            items += (items.empty() ? "" : ", ") + first + (first == name ? "" : " as " + name);
        }
        if (const auto split = split_name(from); split && split->package == package_)
            from = label_text(split->interface);
        line("use " + from + ".{" + items + "};");
    }

    void definition(const ValueDef& def, const std::string& name)
    {
        if (const auto* record = std::get_if<RecordType>(&def))
            block("record " + name, record->fields,
                [&](const Field& field) { return label_text(field.name) + ": " + type_text(field.type); });
        else if (const auto* variant = std::get_if<VariantType>(&def))
            block("variant " + name, variant->cases, [&](const Case& item) {
                return label_text(item.name) + (item.type ? "(" + type_text(*item.type) + ")" : "");
            });
        else if (const auto* item = std::get_if<EnumType>(&def))
            block("enum " + name, item->names, label_text);
        else if (const auto* flags = std::get_if<FlagsType>(&def))
            block("flags " + name, flags->names, label_text);
        else
            line("type " + name + " = " + type_text(def) + ";");
    }

    void block(const std::string& title, const auto& items, const auto& text)
    {
        open(title);
        for (const auto& item : items)
            line(text(item) + ",");
        close();
    }

    void resource(const Externs& externs, const std::vector<size_t>& functions, const std::string& name)
    {
        if (functions.empty())
            return line("resource " + name + ";");
        open("resource " + name);
        for (const size_t i : functions) {
            const FuncType& func = types_.func(externs.entities[i].type());
            const auto parsed = *parse_name(externs.name(i));
            annotate(externs.names->list[i]);
            if (parsed.kind == NameKind::Constructor)
                line("constructor" + constructor_text(func) + ";");
            else
                line(label_text(parsed.function) + ": " + (parsed.kind == NameKind::Static ? "static " : "")
                    + func_text(func, parsed.kind == NameKind::Method ? 1 : 0) + ";");
        }
        close();
    }

    /// A constructor's result is written only if it can fail.
    std::string constructor_text(FuncType func)
    {
        if (func.result && !func.result->is_primitive()
            && std::holds_alternative<OwnType>(types_.value(func.result->type())))
            func.result.reset();
        TypeWriter writer(types_, &names_, most_bytes_of_type);
        writer.signature(func);
        return std::move(writer).finish();
    }

    std::string func_text(const FuncType& func, size_t skipped = 0)
    {
        return text_of(types_, func, &names_, most_bytes_of_type, skipped);
    }

    std::string type_text(ValType type) { return wit_of(types_, type, &names_, most_bytes_of_type); }

    /// Not by its own name.
    std::string type_text(const ValueDef& def)
    {
        TypeWriter writer(types_, &names_, most_bytes_of_type);
        writer.definition(def);
        return std::move(writer).finish();
    }

    const Types& types_;
    const TypeNames names_;
    const ComponentType& type_;
    std::string text_;
    size_t depth_ = 0;
    /// The package whose interfaces are being written.
    std::string_view package_;
    /// What the world refers to: interfaces by package, and the instances of each.
    std::map<std::string, std::vector<std::string_view>> packages_;
    std::map<std::string_view, std::vector<const Externs*>> interfaces_;
};

} // namespace

std::string wit_of(const Types& types, ValType type, const TypeNames* names, size_t limit)
{
    TypeWriter writer(types, names, limit);
    writer.type(type);
    return std::move(writer).finish();
}

std::string wit_of(const Types& types, const FuncType& type, const TypeNames* names, size_t limit)
{
    return text_of(types, type, names, limit);
}

std::string wit_of(const Component& component) { return ComponentPrinter(component).print(); }

} // namespace vitrine::core::component
