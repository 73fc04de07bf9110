// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/use.h"

#include "base/text.h"
#include "wasm/printer.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace vitrine {

namespace detail {

ValKind Access::kind(core::ValueType type)
{
    switch (type.kind()) {
    case core::ValueKind::Bottom: return ValKind::None;
    case core::ValueKind::I32: return ValKind::I32;
    case core::ValueKind::I64: return ValKind::I64;
    case core::ValueKind::F32: return ValKind::F32;
    case core::ValueKind::F64: return ValKind::F64;
    case core::ValueKind::V128: return ValKind::V128;
    case core::ValueKind::Ref: break;
    }
    switch (type.heap()) {
    case core::HeapKind::Extern:
    case core::HeapKind::NoExtern: return ValKind::ExternRef;
    case core::HeapKind::Exn:
    case core::HeapKind::NoExn: return ValKind::ExnRef;
    default: return type.is_function_ref() ? ValKind::FuncRef : ValKind::AnyRef;
    }
}

ValType Access::exact(core::ValueType type, const core::Module& module, bool is_canonical)
{
    const core::ValueType canonical = is_canonical ? type : module.canonical(type);
    ValType result { kind(canonical) };
    if (!type.is_ref())
        return result;
    result.is_nullable = type.is_nullable();
    result.heap = type.heap();
    if (type.heap() != core::HeapKind::Defined)
        return result;
    uint32_t index = type.index();
    if (is_canonical) {
        const auto found = std::ranges::find(module.type_ids, core::TypeId { type.index() });
        if (found == module.type_ids.end())
            return result;
        index = static_cast<uint32_t>(found - module.type_ids.begin());
    }
    result.index = index;
    result.name = module.names().types.find(index);
    return result;
}

ValType Access::exact(core::ValueType type, const StoreLink& link)
{
    ValType result { kind(type) };
    if (!type.is_ref())
        return result;
    result.is_nullable = type.is_nullable();
    result.heap = type.heap();
    if (type.heap() != core::HeapKind::Defined || !link.guest)
        return result;
    for (const core::Instance& instance : link.guest->store.instances())
        if (ValType found = exact(type, *instance.module, true); found.index)
            return found;
    return result;
}

core::ValueType Access::type(ValKind kind)
{
    switch (kind) {
    case ValKind::None: return core::ValueType::bottom;
    case ValKind::I32: return core::ValueType::i32;
    case ValKind::I64: return core::ValueType::i64;
    case ValKind::F32: return core::ValueType::f32;
    case ValKind::F64: return core::ValueType::f64;
    case ValKind::V128: return core::ValueType::v128;
    case ValKind::FuncRef: return core::ValueType::funcref;
    case ValKind::ExternRef: return core::ValueType::externref;
    case ValKind::AnyRef: return core::ValueType::ref(core::HeapKind::Any);
    case ValKind::ExnRef: return core::ValueType::exnref;
    }
    std::unreachable();
}

Result<void> Access::check(const FuncType& type)
{
    for (const auto* kinds : { &type.params, &type.results })
        if (std::ranges::find(*kinds, ValKind::None) != kinds->end())
            return Error("no value has kind none");
    return {};
}

FuncType Access::func_type(const core::FuncType& type)
{
    FuncType result;
    for (const core::ValueType param : type.params)
        result.params.push_back(kind(param));
    for (const core::ValueType item : type.results)
        result.results.push_back(kind(item));
    return result;
}

core::FuncType Access::func_type(const FuncType& func)
{
    core::FuncType result;
    for (const ValKind param : func.params)
        result.params.push_back(type(param));
    for (const ValKind item : func.results)
        result.results.push_back(type(item));
    return result;
}

Error Access::error(const core::Trap& trap)
{
    Trap result;
    result.text = trap.to_text();
    result.exit_status = trap.exit_status;
    result.exception = trap.exception;
    result.kind = trap.kind;
    for (const core::TraceEntry& entry : trap.trace) {
        const core::Module& module = entry.function->module();
        result.backtrace.push_back({ entry.function->index.value, entry.function->name(), entry.offset,
            std::string(module.names().module), entry.function->instance->module,
            entry.function->instance->number });
    }
    return Error(std::move(result));
}

Error Access::error(const core::Failure& failure)
{
    return std::visit([](const auto& reason) { return error(reason); }, failure);
}

core::Trap Access::trap(const Error& error)
{
    const Trap* trap = error.trap();
    if (!trap)
        return { .kind = core::TrapKind::HostError, .message = error.to_text() };
    return { .kind = trap->kind,
        .message = trap->text,
        .exit_status = trap->exit_status,
        .exception = std::static_pointer_cast<core::Root>(trap->exception) };
}

Val Access::val(const std::shared_ptr<StoreLink>& link, const core::Value& value)
{
    Val result(kind(value.type), value.low, value.high);
    if (!result.is_ref() || value.ref().is_null())
        return result;
    if (result.kind_ == ValKind::FuncRef) {
        result.rest_ = handle<Func>(link, value.ref().function());
        return result;
    }
    if (value.ref().is_i31())
        return result;
    core::Object* target = value.ref().object();
    if (result.kind_ == ValKind::ExternRef && target->kind == core::Object::Kind::Extern)
        result.rest_ = static_cast<const core::ExternObject*>(target)->data;
    else
        result.rest_ = std::optional(object(link, target));
    return result;
}

Object Access::object(const std::shared_ptr<StoreLink>& link, core::Object* object)
{
    Object result;
    result.body_ = std::make_shared<ObjectBody>(link, object);
    return result;
}

core::Root* Access::root(const Object& object)
{
    return object.body_ && object.body_->root.object() ? &object.body_->root : nullptr;
}

std::shared_ptr<StoreLink> Access::store(const Object& object)
{
    return object.body_ ? object.body_->link : nullptr;
}

Result<core::Value> Access::value(
    const std::shared_ptr<StoreLink>& link, const Val& val, core::ValueType type)
{
    const auto mismatch = [&](std::string_view got) {
        return Error("expected a value of type " + type.to_text() + ", got " + std::string(got));
    };
    if (val.kind_ != kind(type))
        return mismatch(to_text(val.kind_));
    core::Value result { type, val.low_, val.high() };
    if (!val.is_ref())
        return result;
    if (val.is_null()) {
        if (!type.is_nullable())
            return mismatch("null");
        result.low = 0;
        return result;
    }
    core::Heap& heap = link->guest->store.heap;
    core::ValueType actual;
    if (const Func* func = std::get_if<Func>(&val.rest_)) {
        if (func->link_ != link)
            return Error("the function belongs to another store");
        const auto* function = static_cast<const core::Function*>(func->object_);
        result.low = core::Ref::of(function).bits;
        actual = core::ValueType::ref(function->type, false, true);
    } else if (val.data()) {
        result.low = core::Ref::of(heap.make_extern(val.as_externref())).bits;
        actual = core::ValueType::ref(core::HeapKind::Extern, false);
    } else {
        if (const auto& target = val.as_object()) {
            const core::Root* root = Access::root(*target);
            if (!root || root->heap() != &heap)
                return Error("the object belongs to another store, or to one that is gone");
        }
        actual = core::dynamic_type(result.ref());
    }
    // An externref may contain a value of the any hierarchy, and vice versa.
    const bool is_converted = type == core::ValueType::ref(core::HeapKind::Extern, type.is_nullable())
        || type == core::ValueType::ref(core::HeapKind::Any, type.is_nullable());
    if (!is_converted && !link->engine->types.is_subtype(actual, type))
        return mismatch(val.to_text());
    return result;
}

Result<std::vector<core::Value>> Access::values(const std::shared_ptr<StoreLink>& link,
    std::span<const Val> vals, const std::vector<core::ValueType>& types)
{
    if (vals.size() != types.size())
        return Error("expected " + core::count_text(types.size(), "value") + " " + core::to_text(types)
            + ", got " + std::to_string(vals.size()));
    // An object created for one value is not rooted yet when those for the next are created. The
    // first one may collect what earlier calls have left.
    std::optional<core::Heap::Pause> pause;
    std::vector<core::Value> result;
    for (size_t i = 0; i < vals.size(); ++i) {
        auto converted = value(link, vals[i], types[i]);
        if (!converted)
            return Error("value " + std::to_string(i) + ": " + converted.error().message());
        result.push_back(*converted);
        if (!pause && vals[i].kind() == ValKind::ExternRef)
            pause.emplace(link->guest->store.heap);
    }
    return result;
}

std::vector<Val> Access::vals(const std::shared_ptr<StoreLink>& link, std::span<const core::Value> values)
{
    std::vector<Val> result;
    for (const core::Value& value : values)
        result.push_back(val(link, value));
    return result;
}

void misused(const char* call, const char* why)
{
    std::fprintf(stderr, "vitrine: %s was called %s\n", call, why);
    std::abort();
}

void misused(const std::string& text)
{
    std::fprintf(stderr, "vitrine: %s\n", text.c_str());
    std::abort();
}

void no_value(const Error& error)
{
    misused("a result that has no value was asked for it: " + error.to_text());
}

void no_error() { misused("a result that has no error was asked for it"); }

} // namespace detail

std::string Error::to_text() const { return detail::Access::core_error(*this).to_text(); }

std::string_view to_text(ValKind kind)
{
    constexpr std::string_view names[] { "none", "i32", "i64", "f32", "f64", "v128", "funcref", "externref",
        "anyref", "exnref" };
    return names[static_cast<size_t>(kind)];
}

std::string ValType::to_text() const
{
    if (heap != HeapKind::Defined || kind < ValKind::FuncRef) {
        if (kind < ValKind::FuncRef)
            return std::string(vitrine::to_text(kind));
        return core::ValueType::ref(heap, is_nullable).to_text();
    }
    const std::string target = !name.empty() ? core::identifier(name, "type", index.value_or(0))
        : index                              ? std::to_string(*index)
                                             : "type";
    return (is_nullable ? "(ref null " : "(ref ") + target + ")";
}

std::string FuncType::to_text() const
{
    std::string text;
    const auto add = [&](std::string_view word, const auto& kinds, const auto& types) {
        if (kinds.empty())
            return;
        text += (text.empty() ? "(" : " (") + std::string(word);
        for (size_t i = 0; i < kinds.size(); ++i)
            text += " " + (i < types.size() ? types[i].to_text() : std::string(vitrine::to_text(kinds[i])));
        text += ")";
    };
    add("param", params, param_types);
    add("result", results, result_types);
    return text;
}

Val Val::f32(float value) { return Val(ValKind::F32, std::bit_cast<uint32_t>(value)); }

Val Val::f64(double value) { return Val(ValKind::F64, std::bit_cast<uint64_t>(value)); }

Val Val::v128(V128 value)
{
    const auto halves = std::bit_cast<std::array<uint64_t, 2>>(value.bytes);
    return Val(ValKind::V128, halves[0], halves[1]);
}

Val Val::funcref(std::optional<Func> function)
{
    Val result(ValKind::FuncRef, 0);
    if (function) {
        result.low_ = std::bit_cast<uint64_t>(detail::Access::object(*function));
        result.rest_ = *std::move(function);
    }
    return result;
}

Val Val::externref(std::shared_ptr<void> data)
{
    Val result(ValKind::ExternRef, 0);
    result.rest_ = std::move(data);
    return result;
}

Val Val::i31(int32_t value)
{
    return Val(ValKind::AnyRef, core::Ref::i31(static_cast<uint32_t>(value)).bits);
}

Val Val::ref(Object object)
{
    const Object::Kind kind = object.kind();
    Val result(kind == Object::Kind::Exception ? ValKind::ExnRef : ValKind::AnyRef, 0);
    if (const core::Root* root = detail::Access::root(object)) {
        result.low_ = core::Ref::of(root->object()).bits;
        result.rest_ = std::optional(std::move(object));
    }
    return result;
}

Val Val::null(ValKind kind)
{
    const Val null(kind, 0);
    if (!null.is_ref())
        detail::misused("there is no null of kind " + std::string(vitrine::to_text(kind)));
    return null;
}

bool Val::is_null() const { return is_ref() && low_ == 0 && !data(); }

uint64_t Val::expect(ValKind kind) const
{
    if (kind_ != kind)
        detail::misused("a value of kind " + std::string(vitrine::to_text(kind_)) + " was asked for its "
            + std::string(vitrine::to_text(kind)));
    return low_;
}

float Val::f32() const { return std::bit_cast<float>(static_cast<uint32_t>(expect(ValKind::F32))); }

double Val::f64() const { return std::bit_cast<double>(expect(ValKind::F64)); }

V128 Val::v128() const
{
    expect(ValKind::V128);
    return { std::bit_cast<std::array<uint8_t, 16>>(std::array { low_, high() }) };
}

std::optional<Func> Val::funcref() const
{
    expect(ValKind::FuncRef);
    return as_funcref();
}

std::shared_ptr<void> Val::externref() const
{
    expect(ValKind::ExternRef);
    return as_externref();
}

const std::optional<Object>& Val::as_object() const
{
    static const std::optional<Object> none;
    const auto* object = std::get_if<std::optional<Object>>(&rest_);
    return object ? *object : none;
}

Val Val::thrown(const Trap& trap)
{
    const auto root = std::static_pointer_cast<core::Root>(trap.exception);
    if (!root || !root->object())
        return {};
    return detail::Access::val(detail::Access::link_of(root->heap()->store()),
        core::Value::ref(core::ValueType::exnref, core::Ref::of(root->object())));
}

std::optional<int32_t> Val::as_i31() const
{
    const core::Ref ref { low_ };
    const bool is_i31 = (kind_ == ValKind::AnyRef || kind_ == ValKind::ExternRef) && ref.is_i31();
    return is_i31 ? std::optional(ref.i31_signed()) : std::nullopt;
}

Object::Kind Object::kind() const
{
    const core::Root* root = detail::Access::root(*this);
    return root ? root->object()->kind : Kind::Extern;
}

ValType Object::type() const
{
    const auto link = detail::Access::store(*this);
    const detail::Use used(link);
    const core::Root* root = detail::Access::root(*this);
    if (!used || !root)
        return {};
    return detail::Access::exact(core::dynamic_type(core::Ref::of(root->object())), *body_->link);
}

namespace {

Error no_part(uint64_t index, uint64_t size)
{
    return Error("part " + std::to_string(index) + " is out of bounds: the object has " + std::to_string(size)
        + " parts");
}

} // namespace

Result<ValType> Object::part_type(uint64_t index) const
{
    return detail::guarded<ValType>([&]() -> Result<ValType> {
        const auto link = detail::Access::store(*this);
        const detail::Use used(link);
        CHECK(used);
        if (index >= size())
            return no_part(index, size());
        const core::Object& object = *detail::Access::root(*this)->object();
        return detail::Access::exact(core::part_of(object, static_cast<uint32_t>(index)).type, *body_->link);
    });
}

ValType Val::type() const
{
    ValType result { kind_ };
    if (!is_ref())
        return result;
    if (is_null()) {
        result.is_nullable = true;
        result.heap = kind_ == ValKind::FuncRef ? HeapKind::NoFunc
            : kind_ == ValKind::ExternRef       ? HeapKind::NoExtern
            : kind_ == ValKind::ExnRef          ? HeapKind::NoExn
                                                : HeapKind::None;
    } else if (const Func* func = std::get_if<Func>(&rest_)) {
        const auto& link = detail::Access::link(*func);
        result.heap = HeapKind::Func;
        if (const detail::Use used(link); used)
            return detail::Access::exact(
                core::ValueType::ref(
                    static_cast<const core::Function*>(detail::Access::object(*func))->type, false, true),
                *link);
    } else if (const auto& object = as_object()) {
        return object->type();
    } else {
        result.heap = data() ? HeapKind::Extern : HeapKind::I31;
    }
    return result;
}

uint64_t Object::size() const
{
    const core::Root* root = detail::Access::root(*this);
    return root ? core::part_count(*root->object()) : 0;
}

Result<Val> Object::get(uint64_t index) const
{
    return detail::guarded<Val>([&]() -> Result<Val> {
        const auto link = detail::Access::store(*this);
        const detail::Use used(link);
        CHECK(used);
        if (index >= size())
            return no_part(index, size());
        return detail::Access::val(
            body_->link, core::part_of(*detail::Access::root(*this)->object(), static_cast<uint32_t>(index)));
    });
}

Result<void> Object::set(uint64_t index, const Val& value) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const auto link = detail::Access::store(*this);
        const detail::Use used(link);
        CHECK(used);
        const auto before = TRY(get(index));
        core::Object& object = *detail::Access::root(*this)->object();
        const auto part = static_cast<uint32_t>(index);
        if (!core::is_mutable_part(object, part))
            return Error("part " + std::to_string(index) + " is immutable");
        const auto converted =
            TRY(detail::Access::value(body_->link, value, core::part_of(object, part).type));
        body_->link->guest->store.mutator.set(core::Origin::Embedder, object, part, converted);
        return {};
    });
}

bool operator==(const Object& a, const Object& b)
{
    const core::Root *first = detail::Access::root(a), *second = detail::Access::root(b);
    return first && second ? first->object() == second->object() : a.body_ == b.body_;
}

std::string Val::to_text() const
{
    if (kind_ == ValKind::None)
        return "none";
    if (is_null())
        return "null";
    if (kind_ == ValKind::FuncRef)
        return "func " + core::escaped(funcref()->name());
    if (const void* data = this->data())
        return "extern " + core::hex(std::bit_cast<uint64_t>(data));
    const auto text = [this] { return core::Value { detail::Access::type(kind_), low_, high() }.to_text(); };
    if (!as_object())
        return text();
    if (!detail::Access::root(*as_object()))
        return "an object of a store that is gone";
    const auto link = detail::Access::store(*as_object());
    const detail::Use used(link);
    return used ? text() : "an object of a store that is running";
}

bool operator==(const Val& a, const Val& b)
{
    if (a.kind_ != b.kind_)
        return false;
    if (a.kind_ == ValKind::FuncRef) {
        const Func *first = std::get_if<Func>(&a.rest_), *second = std::get_if<Func>(&b.rest_);
        return first && second ? *first == *second : first == second;
    }
    if (a.data() || b.data())
        return a.data() == b.data();
    return a.low_ == b.low_ && a.high() == b.high();
}

} // namespace vitrine
