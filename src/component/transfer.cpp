// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/transfer.h"

#include "component/components.h"
#include "exec/invoke.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace vitrine::core::component {

namespace {

/// A number of `size` bytes as in `Value::bits`.
uint64_t extended(ComponentKind kind, uint64_t raw)
{
    switch (kind) {
    case ComponentKind::Bool: return static_cast<uint32_t>(raw) != 0;
    case ComponentKind::S8: return static_cast<uint64_t>(int64_t { static_cast<int8_t>(raw) });
    case ComponentKind::U8: return static_cast<uint8_t>(raw);
    case ComponentKind::S16: return static_cast<uint64_t>(int64_t { static_cast<int16_t>(raw) });
    case ComponentKind::U16: return static_cast<uint16_t>(raw);
    case ComponentKind::S32: return static_cast<uint64_t>(int64_t { static_cast<int32_t>(raw) });
    case ComponentKind::U32:
    case ComponentKind::F32:
    case ComponentKind::Char: return static_cast<uint32_t>(raw);
    default: return raw;
    }
}

uint64_t load_number(const uint8_t* from, uint32_t size)
{
    uint64_t bits = 0;
    std::memcpy(&bits, from, size);
    return bits;
}

bool is_char(uint64_t bits) { return bits < 0x110000 && (bits < 0xd800 || bits >= 0xe000); }

/// Checks that a value can be at an address of a memory.
Faulty<Place> checked_address(const Memory& memory, const Shape& shape, uint32_t address)
{
    if (address % shape.alignment != 0)
        return fault(FaultKind::UnalignedPointer);
    if (!memory.contains(address, shape.bytes()))
        return fault(FaultKind::PointerOutOfBounds);
    return Place::memory(address);
}

} // namespace

// -- From a guest

uint64_t GuestSource::number(Place at, uint32_t size) const
{
    return at.is_flat ? flats_[at.at] : load_number(options_.memory->base() + at.at, size);
}

Faulty<Place> GuestSource::at_address(const Shape& shape, uint32_t address) const
{
    return checked_address(*options_.memory, shape, address);
}

Place GuestSource::element(const Shape& shape, const SourceList<Place>& list, uint32_t index) const
{
    const Shape& element = shape.element();
    const uint32_t stride = list.first.is_flat ? element.flat_count : element.size;
    return { list.first.is_flat, list.first.at + index * stride };
}

Faulty<uint64_t> GuestSource::scalar(const Shape& shape, Place at) const
{
    const uint64_t bits = extended(shape.kind, number(at, shape.size));
    if (shape.kind == ComponentKind::Char && !is_char(bits))
        return fault(FaultKind::InvalidChar, bits);
    if (shape.kind == ComponentKind::Flags)
        return bits & ((uint64_t { 1 } << shape.parts.size()) - 1);
    return bits;
}

Faulty<uint32_t> GuestSource::case_of(const Shape& shape, Place at) const
{
    const auto index = static_cast<uint32_t>(number(at, shape.tag_size));
    if (index >= shape.parts.size())
        return fault(FaultKind::InvalidCase, index);
    return index;
}

Faulty<SourceString> GuestSource::string(Place at) const
{
    const Place second { at.is_flat, at.at + (at.is_flat ? 1 : 4) };
    const auto address = static_cast<uint32_t>(number(at, 4));
    const auto length = static_cast<uint32_t>(number(second, 4));
    SourceString string { .count = length };
    switch (options_.encoding) {
    case StringEncoding::Utf8: string.units = Units::Utf8; break;
    case StringEncoding::Utf16: string.units = Units::Utf16; break;
    case StringEncoding::Latin1Utf16:
        string.has_two_encodings = true;
        string.units = (length & utf16_tag) ? Units::Utf16 : Units::Latin1;
        string.count = length & ~utf16_tag;
        break;
    }
    const uint64_t size = uint64_t { string.count } * (string.units == Units::Utf16 ? 2 : 1);
    if (size > limits::value_bytes)
        return fault(FaultKind::StringTooLong, size);
    if (options_.encoding != StringEncoding::Utf8 && address % 2 != 0)
        return fault(FaultKind::UnalignedPointer);
    if (!options_.memory->contains(address, size))
        return fault(FaultKind::StringOutOfBounds);
    string.bytes = options_.memory->bytes().subspan(address, size);
    CHECK(check_string(string));
    return string;
}

Faulty<SourceList<Place>> GuestSource::list(const Shape& shape, Place at) const
{
    if (shape.length)
        return SourceList<Place> { at, *shape.length };
    const Place second { at.is_flat, at.at + (at.is_flat ? 1 : 4) };
    const auto address = static_cast<uint32_t>(number(at, 4));
    const auto count = static_cast<uint32_t>(number(second, 4));
    const uint64_t size = uint64_t { count } * shape.element().size;
    if (size > limits::value_bytes)
        return fault(FaultKind::ListTooLong, size);
    if (address % shape.element().alignment != 0)
        return fault(FaultKind::UnalignedPointer);
    if (!options_.memory->contains(address, size))
        return fault(FaultKind::ListOutOfBounds);
    return SourceList<Place> { Place::memory(address), count };
}

std::optional<Bytes> GuestSource::plain(Place at, uint32_t size) const
{
    if (at.is_flat)
        return {};
    return options_.memory->bytes().subspan(at.at, size);
}

std::optional<Bytes> GuestSource::elements(const Shape& shape, const SourceList<Place>& list) const
{
    if (!shape.element().is_plain)
        return {};
    return plain(list.first, list.count * shape.element().size);
}

Faulty<MovedHandle> GuestSource::handle(const Shape& shape, Place at) const
{
    const auto index = static_cast<uint32_t>(number(at, 4));
    const ResourceKind& kind = types_->resource(shape.resource);
    HandleTable& handles = instance_->handles;
    HandleTable::Entry* const entry = TRY(handles.find(index, kind));
    const MovedHandle moved { &kind, entry->rep };
    if (!scope_)
        return moved;
    if (shape.kind == ComponentKind::Own) {
        if (!entry->is_own())
            return fault(FaultKind::NotOwned, index);
        CHECK(handles.remove(index, kind));
    } else {
        scope_->lent.push_back(index);
        ++entry->lends;
    }
    return moved;
}

// -- From the host

const Value* ValueSource::element(const Shape&, const SourceList<Cursor>& list, uint32_t index) const
{
    return list.first + index;
}

Faulty<uint64_t> ValueSource::scalar(const Shape&, Cursor at) const { return at->bits; }

Faulty<uint32_t> ValueSource::case_of(const Shape&, Cursor at) const
{
    return static_cast<uint32_t>(at->bits);
}

Faulty<SourceString> ValueSource::string(Cursor at) const
{
    const std::string& text = at->text();
    return SourceString { Units::Utf8, false, static_cast<uint32_t>(text.size()), bytes_of(text) };
}

Faulty<SourceList<const Value*>> ValueSource::list(const Shape& shape, Cursor at) const
{
    if (is_number(shape.element().kind))
        return SourceList<Cursor> { at, static_cast<uint32_t>(at->packed().size() / shape.element().size) };
    return SourceList<Cursor> { at->nodes().data(), static_cast<uint32_t>(at->nodes().size()) };
}

std::optional<Bytes> ValueSource::elements(const Shape& shape, const SourceList<Cursor>& list) const
{
    if (!is_number(shape.element().kind))
        return {};
    const auto& packed = list.first->packed();
    return Bytes { reinterpret_cast<const uint8_t*>(packed.data()), packed.size() };
}

Faulty<MovedHandle> ValueSource::handle(const Shape& shape, Cursor at) const
{
    HeldResource& held = *at->held();
    const ResourceKind& kind = types_->resource(shape.resource);
    if (held.is_gone)
        return fault(FaultKind::GoneResource);
    if (held.type && held.type != &kind)
        return fault(FaultKind::ForeignResource);
    const bool is_own = shape.kind == ComponentKind::Own;
    if (is_own && !held.is_own)
        return fault(FaultKind::NotOwned);
    if (is_own && held.lends != 0)
        return fault(FaultKind::LentByHost);
    uint32_t rep = held.rep;
    if (held.object && held.tag != kind.tag)
        return fault(FaultKind::ForeignResource);
    if (held.object && (held.is_own || !held.type)) {
        rep = components_->objects.add(held.object);
        if (!is_own)
            scope_->lent_objects.push_back(rep);
    } else if (!held.type) {
        return fault(FaultKind::ForeignResource);
    }
    if (is_own) {
        held.is_gone = true;
        held.object.reset();
    } else if (held.is_own && !held.object) {
        scope_->lent_resources.push_back(at->held());
        ++held.lends;
    }
    return MovedHandle { &kind, rep };
}

bool fits(const Value& value, const Shape& shape)
{
    using Nodes = Value::Nodes;
    const auto each_fits = [&](const Nodes& nodes, const auto& shape_of) {
        for (size_t i = 0; i < nodes.size(); ++i)
            if (!fits(nodes[i], shape_of(i)))
                return false;
        return true;
    };
    const auto* const nodes = std::get_if<Nodes>(&value.content);
    switch (shape.kind) {
    case ComponentKind::Bool: return value.bits <= 1;
    case ComponentKind::Char: return is_char(value.bits);
    case ComponentKind::Flags: return value.bits >> shape.parts.size() == 0;
    case ComponentKind::Enum: return value.bits < shape.parts.size();
    case ComponentKind::String: {
        const auto* const text = std::get_if<std::string>(&value.content);
        return text && text->size() <= limits::value_bytes
            && check_string({ Units::Utf8, false, static_cast<uint32_t>(text->size()), bytes_of(*text) });
    }
    case ComponentKind::Variant:
    case ComponentKind::Option:
    case ComponentKind::Result: {
        if (value.bits >= shape.parts.size())
            return false;
        const Shape* const payload = shape.parts[value.bits].shape;
        const size_t count = nodes ? nodes->size() : 0;
        return payload ? count == 1 && fits((*nodes)[0], *payload) : count == 0;
    }
    case ComponentKind::Record:
    case ComponentKind::Tuple:
        return nodes && nodes->size() == shape.parts.size()
            && each_fits(*nodes, [&](size_t i) -> const Shape& { return *shape.parts[i].shape; });
    case ComponentKind::List:
    case ComponentKind::Map: {
        const Shape& element = shape.element();
        const auto* const packed = std::get_if<std::vector<std::byte>>(&value.content);
        if (is_number(element.kind))
            return packed && packed->size() % element.size == 0 && packed->size() <= limits::value_bytes
                && (!shape.length || packed->size() == *shape.length * element.size);
        return nodes && nodes->size() * uint64_t { element.size } <= limits::value_bytes
            && (!shape.length || nodes->size() == *shape.length)
            && each_fits(*nodes, [&](size_t) -> const Shape& { return element; });
    }
    case ComponentKind::Own:
    case ComponentKind::Borrow: {
        const auto* const held = std::get_if<std::shared_ptr<HeldResource>>(&value.content);
        return held && *held;
    }
    case ComponentKind::ErrorContext:
    case ComponentKind::Stream:
    case ComponentKind::Future: return false;
    default: return true;
    }
}

// -- To the host

namespace {

class Lifter {
public:
    Lifter(Components& components, const GuestSource& source) : components_(components), source_(source) {}

    Faulty<Value> value(const Shape& shape, Place at)
    {
        switch (shape.kind) {
        case ComponentKind::String: return text(at);
        case ComponentKind::Record:
        case ComponentKind::Tuple: return fields(shape, at);
        case ComponentKind::List:
        case ComponentKind::Map: return list(shape, at);
        case ComponentKind::Variant:
        case ComponentKind::Enum:
        case ComponentKind::Option:
        case ComponentKind::Result: return choice(shape, at);
        case ComponentKind::Own:
        case ComponentKind::Borrow: return handle(shape, at);
        case ComponentKind::ErrorContext:
        case ComponentKind::Stream:
        case ComponentKind::Future: return fault(FaultKind::Asynchronous);
        default: return Value { TRY(source_.scalar(shape, at)) };
        }
    }

private:
    /// Accounts for memory of the host.
    Faulty<void> take(uint64_t bytes)
    {
        taken_ += bytes;
        if (taken_ > limits::lifted_bytes)
            return fault(FaultKind::ValueTooLarge, limits::lifted_bytes);
        return {};
    }

    Faulty<Value> text(Place at)
    {
        const SourceString string = TRY(source_.string(at));
        CHECK(take(string.bytes.size()));
        return Value { 0, to_utf8(string) };
    }

    Faulty<Value> fields(const Shape& shape, Place at)
    {
        Value::Nodes nodes;
        CHECK(take(shape.parts.size() * sizeof(Value)));
        nodes.reserve(shape.parts.size());
        for (const ShapePart& part : shape.parts)
            nodes.push_back(TRY(value(*part.shape, at.part(part))));
        return Value { 0, std::move(nodes) };
    }

    Faulty<Value> list(const Shape& shape, Place at)
    {
        const SourceList<Place> list = TRY(source_.list(shape, at));
        const Shape& element = shape.element();
        if (is_number(element.kind))
            return numbers(shape, list);
        Value::Nodes nodes;
        CHECK(take(list.count * sizeof(Value)));
        nodes.reserve(list.count);
        for (uint32_t i = 0; i < list.count; ++i)
            nodes.push_back(TRY(value(element, source_.element(shape, list, i))));
        return Value { 0, std::move(nodes) };
    }

    Faulty<Value> numbers(const Shape& shape, const SourceList<Place>& list)
    {
        CHECK(take(list.count * size_t { shape.element().size }));
        std::vector<std::byte> packed(list.count * size_t { shape.element().size });
        if (const auto bytes = source_.elements(shape, list)) {
            if (!packed.empty())
                std::memcpy(packed.data(), bytes->data(), packed.size());
        } else {
            for (uint32_t i = 0; i < list.count; ++i) {
                const uint64_t bits = TRY(source_.scalar(shape.element(), source_.element(shape, list, i)));
                std::memcpy(packed.data() + i * size_t { shape.element().size }, &bits, shape.element().size);
            }
        }
        return Value { 0, std::move(packed) };
    }

    Faulty<Value> choice(const Shape& shape, Place at)
    {
        const uint32_t index = TRY(source_.case_of(shape, at));
        Value made { index };
        if (const Shape* const payload = shape.parts[index].shape) {
            Value::Nodes nodes;
            CHECK(take(sizeof(Value)));
            nodes.push_back(TRY(value(*payload, source_.payload(shape, at, index))));
            made.content = std::move(nodes);
        }
        return made;
    }

    Faulty<Value> handle(const Shape& shape, Place at)
    {
        const MovedHandle moved = TRY(source_.handle(shape, at));
        const bool is_own = shape.kind == ComponentKind::Own;
        auto held = std::make_shared<HeldResource>(
            HeldResource { .type = moved.kind, .rep = moved.rep, .tag = moved.kind->tag, .is_own = is_own });
        if (!moved.kind->owner)
            held->object = is_own && source_.scope() ? components_.objects.take(moved.rep)
                                                     : components_.objects.find(moved.rep);
        if (!is_own && source_.scope())
            source_.scope()->held.push_back(held);
        return Value { 0, std::move(held) };
    }

    Components& components_;
    const GuestSource& source_;
    uint64_t taken_ = 0;
};

} // namespace

Faulty<Value> lift(Components& components, const GuestSource& source, const Shape& shape, Place at)
{
    return Lifter(components, source).value(shape, at);
}

// -- To a guest

template<class Source> Faulty<Place> Lowering<Source>::at_address(const Shape& shape, uint32_t address) const
{
    return checked_address(*options_.memory, shape, address);
}

template<class Source> void Lowering<Source>::start(const Shape& shape, Cursor from, Place to)
{
    steps_.push_back({ .task = Task::Value, .shape = &shape, .from = from, .to = to });
}

template<class Source> void Lowering<Source>::start_allocated(const Shape& shape, Cursor from, Place to)
{
    ask({ .task = Task::Allocated, .shape = &shape, .from = from, .to = to },
        { .alignment = shape.alignment, .new_size = shape.size });
}

template<class Source> void Lowering<Source>::ask(Step step, const Reallocation& reallocation)
{
    steps_.push_back(std::move(step));
    needed_ = reallocation;
}

template<class Source> Faulty<std::optional<Reallocation>> Lowering<Source>::run()
{
    while (!needed_ && !steps_.empty()) {
        if (!poll())
            return fault(FaultKind::Interrupted);
        Step& top = steps_.back();
        if (top.task == Task::Value) {
            const Step step = top;
            steps_.pop_back();
            CHECK(write(*step.shape, step.from, step.to));
        } else if (top.task == Task::Fields) {
            CHECK(next_field());
        } else {
            ASSERT(top.task == Task::Elements);
            CHECK(next_element());
        }
    }
    return std::exchange(needed_, std::nullopt);
}

template<class Source> Faulty<std::optional<Reallocation>> Lowering<Source>::run(uint32_t address)
{
    CHECK(take(address));
    return run();
}

template<class Source> Faulty<void> Lowering<Source>::next_field()
{
    Step& step = steps_.back();
    if (step.next == step.shape->parts.size()) {
        steps_.pop_back();
        return {};
    }
    const uint32_t index = step.next++;
    const ShapePart& part = step.shape->parts[index];
    return write(*part.shape, source_.field(*step.shape, step.from, index), step.to.part(part));
}

template<class Source> Faulty<void> Lowering<Source>::next_element()
{
    Step& step = steps_.back();
    if (step.next == step.list.count) {
        if (step.is_range)
            write_range(step.to, step.base.at, step.list.count);
        steps_.pop_back();
        return {};
    }
    const uint32_t index = step.next++;
    const Shape& element = step.shape->element();
    const uint32_t stride = step.base.is_flat ? element.flat_count : element.size;
    const Place to { step.base.is_flat, step.base.at + index * stride };
    return write(element, source_.element(*step.shape, step.list, index), to);
}

/// Writes a value, or as much as can be written without memory and without recursion. The rest
/// becomes a step.
template<class Source> Faulty<void> Lowering<Source>::write(const Shape& shape, Cursor from, Place to)
{
    switch (shape.kind) {
    case ComponentKind::Record:
    case ComponentKind::Tuple:
        if (const auto bytes = shape.is_plain && !to.is_flat ? source_.plain(from, shape.size) : std::nullopt)
            write_bytes(to.at, *bytes);
        else
            steps_.push_back({ .task = Task::Fields, .shape = &shape, .from = from, .to = to });
        return {};
    case ComponentKind::Variant:
    case ComponentKind::Enum:
    case ComponentKind::Option:
    case ComponentKind::Result: {
        const uint32_t index = TRY(source_.case_of(shape, from));
        write_number(to, index, shape.tag_size);
        if (const Shape* const payload = shape.parts[index].shape)
            start(*payload, source_.payload(shape, from, index), to.part(shape.parts[index]));
        return {};
    }
    case ComponentKind::String: {
        const SourceString string = TRY(source_.string(from));
        effort_ += string.bytes.size() / 256;
        const StringPlan plan = plan_string(string, options_.encoding);
        ask({ .task = Task::Characters, .shape = &shape, .from = from, .to = to, .plan = plan },
            { .alignment = plan.stages[0].alignment, .new_size = plan.stages[0].size });
        return {};
    }
    case ComponentKind::List:
    case ComponentKind::Map: {
        Step step { .task = Task::Elements, .shape = &shape, .from = from, .to = to };
        step.list = TRY(source_.list(shape, from));
        if (!shape.length) {
            step.is_range = true;
            ask(step,
                { .alignment = shape.element().alignment,
                    .new_size = step.list.count * shape.element().size });
            return {};
        }
        step.base = to;
        steps_.push_back(step);
        return write_packed();
    }
    case ComponentKind::Own:
    case ComponentKind::Borrow: return write_handle(shape, from, to);
    case ComponentKind::ErrorContext:
    case ComponentKind::Stream:
    case ComponentKind::Future: return fault(FaultKind::Asynchronous);
    default: write_number(to, TRY(source_.scalar(shape, from)), shape.size); return {};
    }
}

/// Goes on with the step that asked for memory.
template<class Source> Faulty<void> Lowering<Source>::take(uint32_t address)
{
    Step& step = steps_.back();
    switch (step.task) {
    case Task::Allocated: {
        CHECK(check_allocated(address, step.shape->alignment, step.shape->bytes()));
        flats_[step.to.at] = address;
        step.task = Task::Value;
        step.to = Place::memory(address);
        return {};
    }
    case Task::Characters: return write_characters(address);
    default: {
        const Shape& element = step.shape->element();
        CHECK(check_allocated(address, element.alignment, uint64_t { step.list.count } * element.size));
        step.base = Place::memory(address);
        return write_packed();
    }
    }
}

/// Writes all elements of the topmost step at once, if they are plain.
template<class Source> Faulty<void> Lowering<Source>::write_packed()
{
    Step& step = steps_.back();
    const auto bytes = source_.elements(*step.shape, step.list);
    if (!bytes)
        return {};
    const Shape& element = step.shape->element();
    if (!step.base.is_flat) {
        write_bytes(step.base.at, *bytes);
    } else {
        for (uint32_t i = 0; i < step.list.count; ++i) {
            const uint64_t raw = load_number(bytes->data() + i * size_t { element.size }, element.size);
            write_number(Place::flat(step.base.at + i), extended(element.kind, raw), element.size);
        }
    }
    step.next = step.list.count;
    return {};
}

template<class Source> Faulty<void> Lowering<Source>::write_characters(uint32_t address)
{
    Step& step = steps_.back();
    const StringStage& stage = step.plan.stages[step.next];
    CHECK(check_allocated(address, stage.alignment, stage.size));
    if (stage.content != StringStage::Content::Nothing) {
        // The bytes may have moved since the plan was made.
        const SourceString string = TRY(source_.string(step.from));
        const auto edit = store().mutator.edit(Origin::Engine, *options_.memory, address, stage.size);
        write_string(string, stage, edit.bytes());
        edit.commit(stage.size);
        effort_ += stage.size / 256;
    }
    if (++step.next < step.plan.count) {
        const StringStage& next = step.plan.stages[step.next];
        needed_ = { address, stage.size, next.alignment, next.size };
        return {};
    }
    write_range(step.to, address, step.plan.length);
    steps_.pop_back();
    return {};
}

template<class Source>
Faulty<void> Lowering<Source>::check_allocated(uint32_t address, uint32_t alignment, uint64_t size) const
{
    if (address % alignment != 0)
        return fault(FaultKind::ReallocUnaligned);
    if (!options_.memory->contains(address, size))
        return fault(FaultKind::ReallocOutOfBounds);
    return {};
}

template<class Source> void Lowering<Source>::write_bytes(uint32_t address, Bytes bytes)
{
    effort_ += bytes.size() / 256;
    if (!bytes.empty())
        store().mutator.write(Origin::Engine, *options_.memory, address, bytes);
}

template<class Source> void Lowering<Source>::write_number(Place to, uint64_t bits, uint32_t size)
{
    if (to.is_flat)
        flats_[to.at] = size == 8 ? bits : static_cast<uint32_t>(bits);
    else
        write_bytes(to.at, { reinterpret_cast<const uint8_t*>(&bits), size });
}

/// Writes where a string or list is, and its length.
template<class Source> void Lowering<Source>::write_range(Place to, uint32_t address, uint32_t length)
{
    write_number(to, address, 4);
    write_number({ to.is_flat, to.at + (to.is_flat ? 1 : 4) }, length, 4);
}

template<class Source> Faulty<void> Lowering<Source>::write_handle(const Shape& shape, Cursor from, Place to)
{
    const MovedHandle moved = TRY(source_.handle(shape, from));
    if (shape.kind == ComponentKind::Own) {
        write_number(to, TRY(instance_->handles.add(store(), *moved.kind, moved.rep)), 4);
    } else if (moved.kind->owner == instance_) {
        write_number(to, moved.rep, 4);
    } else {
        write_number(to, TRY(instance_->handles.add(store(), *moved.kind, moved.rep, scope_)), 4);
        ++scope_->borrows;
    }
    return {};
}

/// Handles requests to the thread from time to time: a guest can describe a value that takes hours
/// to copy, because many lists can share their memory. Returns false when the guest must end.
template<class Source> bool Lowering<Source>::poll()
{
    constexpr uint64_t interval = 1 << 16;
    if (++effort_ < interval)
        return true;
    effort_ = 0;
    Thread* const thread = store().current_thread.load();
    return !thread || poll_in_host(*thread);
}

template<class Source> Store& Lowering<Source>::store() const { return instance_->components.store; }

template class Lowering<GuestSource>;
template class Lowering<ValueSource>;

} // namespace vitrine::core::component
