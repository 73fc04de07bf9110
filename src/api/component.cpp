// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/component_body.h"
#include "api/file.h"

#include "component/component_names.h"
#include "component/decoder.h"
#include "component/signature.h"
#include "component/transfer.h"
#include "component/validator.h"
#include "component/wave.h"

#include <algorithm>

namespace vitrine {

using detail::Access;
using detail::ComponentBody;
namespace cm = core::component;

namespace {

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

} // namespace

namespace detail {

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
