// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any bytes as a component and runs it: a valid one is instantiated, with imports that trap,
// and its exported functions are called with zeros and other simple values. What they return is
// passed to other functions of the same type. Every feature is on. Time and memory are bounded.

#include "guest.h"

#include "component/call.h"
#include "component/linker.h"
#include "component/validator.h"
#include "component/wave.h"

namespace cm = vitrine::core::component;
using namespace vitrine::core;
using vitrine::ComponentKind;

namespace {

constexpr size_t max_elements = 3;

/// A value of a type; all zeros for `seed` 0. Resources are taken from `held`; none if it has none.
class ComponentValues {
public:
    std::vector<cm::Value> held;

    std::optional<cm::Value> make(const cm::Shape& shape, uint64_t seed)
    {
        switch (shape.kind) {
        case ComponentKind::Bool: return cm::Value { seed & 1 };
        case ComponentKind::Char: return cm::Value { seed % 0xd800 };
        case ComponentKind::String: return cm::Value { 0, std::string(seed % 7, seed % 2 ? 'x' : '\0') };
        case ComponentKind::Flags: return cm::Value { seed & ((uint64_t { 1 } << shape.parts.size()) - 1) };
        case ComponentKind::Enum: return cm::Value { seed % shape.parts.size() };
        case ComponentKind::Record:
        case ComponentKind::Tuple: return nodes(shape, shape.parts.size(), seed);
        case ComponentKind::List:
        case ComponentKind::Map: {
            const size_t count = shape.length.value_or(static_cast<uint32_t>(seed % max_elements));
            if (count > 1000)
                return {};
            if (cm::is_packed(shape))
                return cm::Value { 0, std::vector<std::byte>(count * shape.element().size) };
            return nodes(shape, count, seed);
        }
        case ComponentKind::Variant:
        case ComponentKind::Option:
        case ComponentKind::Result: {
            cm::Value made { seed % shape.parts.size() };
            if (const cm::Shape* const payload = shape.parts[made.bits].shape) {
                auto inner = make(*payload, seed / 2);
                if (!inner)
                    return {};
                made.content = cm::Value::Nodes { *std::move(inner) };
            }
            return made;
        }
        case ComponentKind::Own:
        case ComponentKind::Borrow:
            return held.empty() ? std::nullopt : std::optional(held[seed % held.size()]);
        case ComponentKind::ErrorContext:
        case ComponentKind::Stream:
        case ComponentKind::Future: return {};
        default: return number(shape, seed);
        }
    }

    /// Keeps the resources in a value.
    void take(const cm::Value& value)
    {
        if (const auto* const nodes = std::get_if<cm::Value::Nodes>(&value.content))
            for (const cm::Value& node : *nodes)
                take(node);
        else if (std::holds_alternative<std::shared_ptr<cm::HeldResource>>(value.content))
            held.push_back(value);
    }

private:
    std::optional<cm::Value> nodes(const cm::Shape& shape, size_t count, uint64_t seed)
    {
        const bool is_list = shape.kind == ComponentKind::List || shape.kind == ComponentKind::Map;
        cm::Value::Nodes nodes;
        for (size_t i = 0; i < count; ++i) {
            auto node = make(*shape.parts[is_list ? 0 : i].shape, seed ? seed + i : 0);
            if (!node)
                return {};
            nodes.push_back(*std::move(node));
        }
        return cm::Value { 0, std::move(nodes) };
    }

    static cm::Value number(const cm::Shape& shape, uint64_t seed)
    {
        const uint64_t edge = vitrine::fuzz::edges[seed % vitrine::fuzz::edges.size()];
        const auto unused = static_cast<unsigned>(64 - 8 * shape.size);
        const bool is_signed = shape.kind == ComponentKind::S8 || shape.kind == ComponentKind::S16
            || shape.kind == ComponentKind::S32 || shape.kind == ComponentKind::S64;
        if (is_signed)
            return { static_cast<uint64_t>(static_cast<int64_t>(edge << unused) >> unused) };
        return { edge << unused >> unused };
    }
};

class Caller {
public:
    explicit Caller(Thread& thread) : thread_(thread) {}

    void call_all(const cm::ItemMap& items, uint64_t seed)
    {
        for (const auto& [name, item] : items.items) {
            if (const auto* const func = std::get_if<const cm::Func*>(&item))
                call(**func, seed);
            else if (const auto* const inner = std::get_if<std::shared_ptr<const cm::ItemMap>>(&item))
                call_all(**inner, seed);
        }
    }

private:
    void call(const cm::Func& func, uint64_t seed)
    {
        if (++calls_ > vitrine::fuzz::max_calls || vitrine::fuzz::watchdog().is_over())
            return;
        std::vector<cm::Value> arguments;
        for (const cm::ShapePart& param : func.shape->params.parts) {
            auto argument = values_.make(*param.shape, seed ? seed++ : 0);
            if (!argument)
                return;
            ASSERT(cm::fits(*argument, *param.shape));
            arguments.push_back(*std::move(argument));
        }
        const auto result = cm::call(thread_, func, std::move(arguments));
        if (!result) {
            ASSERT(!result.error().to_text().empty());
            return;
        }
        ASSERT(result->has_value() == (func.shape->result != nullptr));
        if (!*result)
            return;
        ASSERT(cm::fits(**result, *func.shape->result));
        cm::to_wave(**result, *func.shape->result, { .elements = 100, .bytes = 1000 });
        values_.take(**result);
    }

    Thread& thread_;
    ComponentValues values_;
    size_t calls_ = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    vitrine::fuzz::Guest guest(size % 2);
    guest.store.limiter = [](Resource resource, uint64_t, uint64_t desired) {
        return resource == Resource::Memory || resource == Resource::Heap
            || desired <= (resource == Resource::Table ? vitrine::fuzz::max_table : 50);
    };
    const auto file = std::make_shared<const FileBytes>(std::vector<uint8_t>(data, data + size));
    const auto component = cm::load_component(file, file->bytes(), guest.engine->types, FeatureSet::all());
    if (!component)
        return 0;
    cm::Linker linker;
    linker.trap_unknown(true);
    const auto instance = linker.instantiate(guest.thread, *component);
    if (!instance)
        return 0;
    Caller caller(guest.thread);
    for (const uint64_t seed : { 0, 1, 5 })
        caller.call_all(*(*instance)->exports, seed);
    guest.store.heap.collect();
    return 0;
}
