// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/component_body.h"
#include "api/file.h"

#include "base/text.h"
#include "component/component_names.h"
#include "component/decoder.h"
#include "component/signature.h"
#include "component/transfer.h"
#include "component/validator.h"
#include "component/wave.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace vitrine {

using detail::Access;
using detail::ComponentBody;
namespace cm = core::component;

using detail::shape_of;

namespace detail {

const cm::Shape& empty_tuple()
{
    static const cm::Shape shape { .kind = ComponentKind::Tuple };
    return shape;
}

const cm::Shape& shape_of(const ComponentType& type)
{
    const void* const shape = Access::shape(type);
    return shape ? *static_cast<const cm::Shape*>(shape) : empty_tuple();
}

ComponentType Access::component_type(std::shared_ptr<const ComponentBody> body, const cm::Shape& shape)
{
    ComponentType type;
    type.body_ = std::move(body);
    type.shape_ = &shape;
    return type;
}

ComponentVal Access::component_val(ComponentType type, ComponentNode node)
{
    ComponentVal val;
    val.type_ = std::move(type);
    val.node_ = std::move(node);
    return val;
}

} // namespace detail

// Types.

ComponentKind ComponentType::kind() const { return shape_of(*this).kind; }

std::string ComponentType::to_text() const
{
    return body_ ? cm::wit_of(*body_->component->types, shape_of(*this).type, &body_->names()) : "tuple<>";
}

std::vector<ComponentType::Part> ComponentType::parts() const
{
    std::vector<Part> parts;
    for (const cm::ShapePart& part : shape_of(*this).parts) {
        Part& made = parts.emplace_back();
        made.name = part.name;
        if (part.shape)
            made.type = Access::component_type(body_, *part.shape);
    }
    return parts;
}

// Values.

Result<ComponentVal> ComponentVal::parse(const ComponentType& type, std::string_view text)
{
    return detail::guarded<ComponentVal>([&]() -> Result<ComponentVal> {
        return Access::component_val(type, TRY(cm::parse_wave(text, shape_of(type))));
    });
}

namespace {

/// Checks a C++ type against a component's. It is not known here which resource types of a store
/// the component's stand for.
Result<void> check_type(const ComponentType& type, const detail::ComponentTypeNode& wanted)
{
    cm::FuncShape func;
    func.result = &shape_of(type);
    const detail::ComponentSignature signature { .params = {}, .results = { wanted } };
    CHECK(cm::check_signature(signature, func, [](cm::TypeId) { return std::nullopt; }));
    return {};
}

} // namespace

Result<ComponentVal> ComponentVal::from_node(
    const ComponentType& type, const detail::ComponentTypeNode& wanted, detail::ComponentNode node)
{
    return detail::guarded<ComponentVal>([&]() -> Result<ComponentVal> {
        CHECK(check_type(type, wanted));
        if (!cm::fits(node, shape_of(type)))
            return Error("the value does not fit the type `" + type.to_text() + "`");
        return Access::component_val(type, std::move(node));
    });
}

Result<detail::ComponentNode> ComponentVal::to_node(const detail::ComponentTypeNode& wanted) const
{
    return detail::guarded<detail::ComponentNode>([&]() -> Result<detail::ComponentNode> {
        CHECK(check_type(type_, wanted));
        CHECK(cm::check_resources(wanted, node_));
        return node_;
    });
}

// Values of parts.

namespace {

Error not_made_of(const ComponentType& type, std::string_view what)
{
    return Error("a value of the type `" + type.to_text() + "` is not made of " + std::string(what));
}

/// Checks a part of a value, such as `field "x"`.
Result<void> check_part(
    const ComponentType& type, const cm::Shape& wanted, const ComponentVal& part, const std::string& where)
{
    // A resource that the host owns may also be lent.
    const auto is_handle = [](ComponentKind kind) {
        return kind == ComponentKind::Own || kind == ComponentKind::Borrow;
    };
    if (cm::is_same(wanted, shape_of(part.type())) || (is_handle(wanted.kind) && is_handle(part.kind())))
        return {};
    const ComponentType expected = Access::component_type(Access::body(type), wanted);
    return Error(
        where + ": expected a value of the type " + expected.to_text() + ", got " + part.type().to_text());
}

std::string part_name(const cm::Shape& shape, std::size_t index)
{
    if (shape.kind == ComponentKind::Record)
        return "field \"" + core::escaped(shape.parts[index].name) + "\"";
    return (shape.kind == ComponentKind::Tuple ? "field " : "element ") + std::to_string(index);
}

} // namespace

Result<ComponentVal> ComponentVal::make_of_parts(
    const ComponentType& type, std::span<const ComponentVal> parts)
{
    return detail::guarded<ComponentVal>([&]() -> Result<ComponentVal> {
        const cm::Shape& shape = shape_of(type);
        const bool is_list = shape.kind == ComponentKind::List || shape.kind == ComponentKind::Map;
        if (!is_list && shape.kind != ComponentKind::Record && shape.kind != ComponentKind::Tuple)
            return not_made_of(type, "parts");
        if (!is_list && parts.size() != shape.parts.size())
            return Error("expected " + core::count_text(shape.parts.size(), "field") + ", got "
                + std::to_string(parts.size()));
        for (std::size_t i = 0; i < parts.size(); ++i)
            CHECK(check_part(type, *shape.parts[is_list ? 0 : i].shape, parts[i], part_name(shape, i)));
        detail::ComponentNode node;
        if (cm::is_packed(shape)) {
            const uint32_t size = shape.element().size;
            std::vector<std::byte> packed(parts.size() * size);
            for (std::size_t i = 0; i < parts.size(); ++i)
                std::memcpy(packed.data() + i * size, &parts[i].node_.bits, size);
            node.content = std::move(packed);
        } else {
            detail::ComponentNode::Nodes nodes;
            for (const ComponentVal& part : parts)
                nodes.push_back(part.node_);
            node.content = std::move(nodes);
        }
        if (!cm::fits(node, shape))
            return Error("the value does not fit the type `" + type.to_text() + "`");
        return Access::component_val(type, std::move(node));
    });
}

Result<ComponentVal> ComponentVal::make_case(
    const ComponentType& type, std::string_view name, const std::optional<ComponentVal>& payload)
{
    return detail::guarded<ComponentVal>([&]() -> Result<ComponentVal> {
        const cm::Shape& shape = shape_of(type);
        if (!shape.has_cases())
            return not_made_of(type, "a case");
        const auto found = std::ranges::find(shape.parts, name, &cm::ShapePart::name);
        if (found == shape.parts.end())
            return Error("the type `" + type.to_text() + "` has no case \"" + core::escaped(name) + "\"");
        const std::string where = "case \"" + core::escaped(name) + "\"";
        if (!found->shape != !payload)
            return Error(where + (payload ? " has no payload" : " has a payload, which is missing"));
        detail::ComponentNode node { .bits = static_cast<uint64_t>(found - shape.parts.begin()) };
        if (payload) {
            CHECK(check_part(type, *found->shape, *payload, where));
            node.content = detail::ComponentNode::Nodes { payload->node_ };
        }
        return Access::component_val(type, std::move(node));
    });
}

// Resources of the host.

HostResourceType::HostResourceType() : tag_(std::make_shared<const char>()) {}

Result<ComponentVal> ComponentVal::make_resource(
    const ComponentType& type, const HostResourceType& resource, std::shared_ptr<void> object)
{
    return detail::guarded<ComponentVal>([&]() -> Result<ComponentVal> {
        if (!object)
            return Error("the object of a resource is null");
        const bool is_own = type.kind() == ComponentKind::Own;
        const detail::ComponentTypeNode wanted { .kind = is_own ? ComponentKind::Own : ComponentKind::Borrow,
            .tag = Access::tag(resource).get() };
        // The tag lives as long as an object that it describes.
        auto kept = std::make_shared<std::pair<std::shared_ptr<const char>, std::shared_ptr<void>>>(
            Access::tag(resource), std::move(object));
        void* const address = kept->second.get();
        auto held = std::make_shared<detail::HeldResource>();
        held->object = std::shared_ptr<void>(std::move(kept), address);
        held->tag = wanted.tag;
        held->is_own = is_own;
        return from_node(type, wanted, { .content = std::move(held) });
    });
}

Result<std::shared_ptr<void>> ComponentVal::resource(const HostResourceType& type) const
{
    using Object = std::shared_ptr<void>;
    return detail::guarded<Object>([&]() -> Result<Object> {
        const auto* const held = std::get_if<std::shared_ptr<detail::HeldResource>>(&node_.content);
        if (!held || !*held)
            return Error("a value of the type `" + type_.to_text() + "` is no resource");
        if ((*held)->is_gone)
            return Error("the resource was passed on, or the call that lent it has ended");
        if ((*held)->tag != Access::tag(type).get())
            return Error("the resource is of another type");
        return (*held)->object;
    });
}

std::string ComponentVal::to_text() const { return cm::to_wave(node_, shape_of(type_)); }

std::size_t ComponentVal::size() const
{
    const cm::Shape& shape = shape_of(type_);
    if (cm::is_packed(shape))
        return node_.packed().size() / shape.element().size;
    const auto* const nodes = std::get_if<detail::ComponentNode::Nodes>(&node_.content);
    return nodes ? nodes->size() : 0;
}

std::optional<ComponentVal> ComponentVal::at(std::size_t index) const
{
    if (index >= size())
        return std::nullopt;
    const cm::Shape& shape = shape_of(type_);
    const bool is_list = shape.kind == ComponentKind::List || shape.kind == ComponentKind::Map;
    const std::size_t part = is_list ? 0 : shape.has_cases() ? node_.bits : index;
    const ComponentType type = Access::component_type(Access::body(type_), *shape.parts[part].shape);
    if (!cm::is_packed(shape))
        return Access::component_val(type, node_.nodes()[index]);
    const auto* const element =
        reinterpret_cast<const uint8_t*>(node_.packed().data()) + index * shape.element().size;
    return Access::component_val(type, { cm::packed_number(element, shape.element().kind) });
}

std::optional<ComponentVal> ComponentVal::field(std::string_view name) const
{
    const cm::Shape& shape = shape_of(type_);
    const auto found = std::ranges::find(shape.parts, name, &cm::ShapePart::name);
    if (shape.kind != ComponentKind::Record || found == shape.parts.end())
        return std::nullopt;
    return at(static_cast<std::size_t>(found - shape.parts.begin()));
}

std::string ComponentVal::case_name() const
{
    const cm::Shape& shape = shape_of(type_);
    return shape.has_cases() ? std::string(shape.parts[node_.bits].name) : std::string();
}

// Components.

bool Component::is_component(std::span<const std::byte> bytes)
{
    return cm::is_component({ reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size() });
}

namespace {

/// Loads a component. Error offsets are relative to the file.
Result<std::shared_ptr<const ComponentBody>> load(
    const Engine& engine, std::shared_ptr<const core::FileBytes> file)
{
    const auto& body = Access::body(engine);
    const core::Bytes part = file->bytes();
    const uint64_t offset = file->offset();
    auto component = cm::load_component(std::move(file), part, body->types, body->config.features);
    if (!component && component.error().offset)
        *component.error().offset += offset;
    return std::make_shared<const ComponentBody>(body, TRY(std::move(component)));
}

std::string_view kind_text(const cm::Entity& entity) { return cm::to_text(entity.kind); }

} // namespace

Result<Component> Component::from_bytes(const Engine& engine, std::span<const std::byte> bytes)
{
    return detail::guarded<Component>([&]() -> Result<Component> {
        if (engine.error())
            return *engine.error();
        const auto* begin = reinterpret_cast<const uint8_t*>(bytes.data());
        Component component;
        component.body_ = TRY(load(engine,
            std::make_shared<const core::FileBytes>(std::vector<uint8_t>(begin, begin + bytes.size()))));
        return component;
    });
}

Result<Component> Component::from_file(const Engine& engine, const std::string& path)
{
    return from_file(engine, path, 0);
}

Result<Component> Component::from_file(
    const Engine& engine, const std::string& path, std::uint64_t offset, std::optional<std::uint64_t> size)
{
    return detail::guarded<Component>([&]() -> Result<Component> {
        if (engine.error())
            return *engine.error();
        const auto bytes =
            std::make_shared<const std::vector<uint8_t>>(TRY(detail::read_file(path, offset, size)));
        auto body = load(engine, std::make_shared<const core::FileBytes>(bytes, core::Bytes(*bytes), offset));
        if (!body)
            return Error(path + ": " + body.error().message(), body.error().offset());
        Component component;
        component.body_ = *std::move(body);
        return component;
    });
}

std::vector<ComponentExtern> Component::imports() const
{
    std::vector<ComponentExtern> items;
    const cm::Component& component = *body_->component;
    const cm::Externs& imports = component.types->component(component.type).imports;
    for (size_t i = 0; i < imports.size(); ++i)
        items.push_back({ std::string(imports.name(i)), std::string(kind_text(imports.entities[i])) });
    return items;
}

std::vector<ComponentExtern> Component::exports() const
{
    std::vector<ComponentExtern> items;
    const cm::Component& component = *body_->component;
    const cm::Externs& exports = component.types->component(component.type).exports;
    for (size_t i = 0; i < exports.size(); ++i)
        items.push_back({ std::string(exports.name(i)), std::string(kind_text(exports.entities[i])) });
    return items;
}

namespace {

void add_modules(const std::shared_ptr<detail::EngineBody>& engine, const cm::Component& component,
    std::vector<CoreModule>& modules)
{
    uint32_t index = 0;
    for (const cm::Definition& definition : component.definitions) {
        if (const auto* const nested = std::get_if<cm::NestedComponentDef>(&definition.def))
            add_modules(engine, *nested->component, modules);
        const auto* const def = std::get_if<cm::CoreModuleDef>(&definition.def);
        if (!def)
            continue;
        std::string name(component.names->find(cm::Sort::CoreModule, index++));
        Module module = Access::module(engine, def->module);
        if (name.empty())
            name = module.name();
        modules.push_back({ std::move(name), module });
    }
}

} // namespace

std::vector<CoreModule> Component::core_modules() const
{
    std::vector<CoreModule> modules;
    add_modules(body_->engine, *body_->component, modules);
    return modules;
}

std::string Component::to_text() const { return cm::wit_of(*body_->component); }

bool operator==(const Component& a, const Component& b)
{
    return a.body_ == b.body_ || a.body_->component == b.body_->component;
}

} // namespace vitrine
