// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/heap.h"

#include "base/guard.h"

#include "runtime/instance.h"
#include "runtime/store.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace vitrine::core {

namespace {

uint64_t size_of(const Object& object)
{
    switch (object.kind) {
    case Object::Kind::Struct: return sizeof(Object) + uint64_t { object.type->slots } * sizeof(Slot);
    case Object::Kind::Array: return sizeof(Object) + uint64_t { object.length } * object.type->element_bytes;
    case Object::Kind::Exception:
        return sizeof(ExceptionObject) + uint64_t { object.type->slots } * sizeof(Slot);
    case Object::Kind::Extern: return sizeof(ExternObject);
    }
    std::unreachable();
}

const FieldType& field_of(const Object& object, uint32_t index)
{
    if (object.kind == Object::Kind::Struct)
        return object.type->type.structure()->fields[index];
    return object.type->type.array()->element;
}

} // namespace

// -- Parts of objects

void load_element(const Object& array, uint64_t index, Slot* to)
{
    const uint8_t bytes = array.type->element_bytes;
    to[0] = 0;
    std::memcpy(to, array.element(index), bytes);
}

void store_element(Object& array, uint64_t index, const Slot* from)
{
    std::memcpy(array.writable_element(index), from, array.type->element_bytes);
}

uint32_t part_count(const Object& object)
{
    switch (object.kind) {
    case Object::Kind::Struct:
    case Object::Kind::Exception: return static_cast<uint32_t>(object.type->field_slots.size());
    case Object::Kind::Array: return object.length;
    case Object::Kind::Extern: return 0;
    }
    std::unreachable();
}

Value part_of(const Object& object, uint32_t index)
{
    ASSERT(index < part_count(object));
    if (object.kind == Object::Kind::Exception)
        return load_value(object.type->type.func()->params[index],
            static_cast<const ExceptionObject&>(object).values() + object.type->field_slots[index]);
    const FieldType& field = field_of(object, index);
    const ValueType type = unpacked(field);
    if (object.kind == Object::Kind::Struct) {
        Value value = load_value(type, object.slots() + object.type->field_slots[index]);
        if (field.is_packed())
            value.low &= (Slot { 1 } << 8 * field.packed_bytes) - 1;
        return value;
    }
    Slot slots[2];
    load_element(object, index, slots);
    return load_value(type, slots);
}

void set_part(Object& object, uint32_t index, const Value& value)
{
    ASSERT(index < part_count(object));
    if (object.kind == Object::Kind::Exception)
        return store_value(
            value, static_cast<ExceptionObject&>(object).writable_values() + object.type->field_slots[index]);
    Slot slots[2];
    store_value(value, slots);
    if (object.kind == Object::Kind::Array)
        return store_element(object, index, slots);
    std::copy_n(slots, value.type.slots(), object.writable_slots() + object.type->field_slots[index]);
}

bool is_mutable_part(const Object& object, uint32_t index)
{
    return object.kind != Object::Kind::Exception && field_of(object, index).is_mutable;
}

ValueType dynamic_type(Ref ref)
{
    if (ref.is_i31())
        return ValueType::ref(HeapKind::I31, false);
    const Object& object = *ref.object();
    switch (object.kind) {
    case Object::Kind::Struct:
    case Object::Kind::Array: return ValueType::ref(object.type->id, false, false);
    case Object::Kind::Exception: return ValueType::ref(HeapKind::Exn, false);
    case Object::Kind::Extern: return ValueType::ref(HeapKind::Extern, false);
    }
    std::unreachable();
}

// -- Roots

Root::Root(Heap& heap, Object* object) : heap_(&heap), object_(object)
{
    const std::lock_guard lock(heap.roots_mutex_);
    next_ = heap.roots_;
    if (next_)
        next_->previous_ = this;
    heap.roots_ = this;
}

Root::~Root()
{
    if (!heap_)
        return;
    const std::lock_guard lock(heap_->roots_mutex_);
    (previous_ ? previous_->next_ : heap_->roots_) = next_;
    if (next_)
        next_->previous_ = previous_;
}

// -- The heap

Heap::~Heap()
{
    for (Root* root = roots_; root; root = root->next_) {
        root->heap_ = nullptr;
        root->object_ = nullptr;
    }
    for (Object* const object : objects_)
        free(object);
}

bool Heap::makes_room(uint64_t bytes)
{
    if (is_stressed_ || bytes_ + bytes > next_collection_)
        collect();
    if (bytes_ + bytes > allowed_) {
        constexpr uint64_t step = uint64_t { 64 } << 10;
        const uint64_t desired = std::max({ bytes_ + bytes, 2 * bytes_, step });
        if (store_.allows(Resource::Heap, bytes_, desired))
            allowed_ = desired;
        else
            collect();
        if (bytes_ + bytes > allowed_)
            return false;
    }
    if (bytes <= limit_ && bytes_ <= limit_ - bytes)
        return true;
    collect();
    return bytes <= limit_ && bytes_ <= limit_ - bytes;
}

Object* Heap::take(uint64_t bytes, Object::Kind kind, const TypeInfo* type)
{
    Object* object = nullptr;
    store_.attempt(Refusable::Object, [&] {
        object = static_cast<Object*>(makes_room(bytes) ? std::calloc(1, bytes) : nullptr);
        if (!object)
            return false;
        return guarded(
            [&] {
                add(*object, kind, type);
                bytes_ += bytes;
                return true;
            },
            [&](const Thrown&) {
                std::free(std::exchange(object, nullptr));
                return false;
            });
    });
    return object;
}

void Heap::add(Object& object, Object::Kind kind, const TypeInfo* type)
{
    objects_.push_back(&object);
    object.kind = kind;
    object.type = type;
    object.ordinal = next_ordinal_++;
}

Object* Heap::make_struct(const TypeInfo& type)
{
    return take(sizeof(Object) + uint64_t { type.slots } * sizeof(Slot), Object::Kind::Struct, &type);
}

Object* Heap::make_array(const TypeInfo& type, uint32_t length)
{
    Object* const object =
        take(sizeof(Object) + uint64_t { length } * type.element_bytes, Object::Kind::Array, &type);
    if (object)
        object->length = length;
    return object;
}

ExceptionObject* Heap::make_exception(const Tag& tag, const TypeInfo& type)
{
    auto* const object = static_cast<ExceptionObject*>(take(
        sizeof(ExceptionObject) + uint64_t { type.slots } * sizeof(Slot), Object::Kind::Exception, &type));
    if (object)
        object->tag = &tag;
    return object;
}

ExternObject* Heap::make_extern(std::shared_ptr<void> data)
{
    if (is_stressed_ || bytes_ + sizeof(ExternObject) > next_collection_)
        collect();
    auto object = std::make_unique<ExternObject>(Object {}, std::move(data));
    add(*object, Object::Kind::Extern, nullptr);
    bytes_ += sizeof(ExternObject);
    return object.release();
}

void Heap::free(Object* object)
{
    if (object->kind == Object::Kind::Extern)
        delete static_cast<ExternObject*>(object);
    else
        std::free(object);
}

void Heap::trace(Object& object, Marker& marker)
{
    switch (object.kind) {
    case Object::Kind::Struct:
        for (const uint32_t slot : object.type->managed_slots)
            marker.mark(Ref { object.slots()[slot] });
        break;
    case Object::Kind::Exception:
        for (const uint32_t slot : object.type->managed_slots)
            marker.mark(Ref { static_cast<ExceptionObject&>(object).values()[slot] });
        break;
    case Object::Kind::Array:
        if (object.type->has_managed_elements)
            for (uint32_t i = 0; i < object.length; ++i)
                marker.mark(Ref { object.slots()[i] });
        break;
    case Object::Kind::Extern: break;
    }
}

void Heap::sweep()
{
    // Destructors of host data may allocate objects, so `objects_` must be consistent before the
    // first one runs.
    ExternObject* dead = nullptr;
    auto kept = objects_.begin();
    for (Object* const object : objects_) {
        if (std::exchange(object->is_marked, false)) {
            *kept++ = object;
            continue;
        }
        bytes_ -= size_of(*object);
        if (object->kind == Object::Kind::Extern) {
            auto* const data = static_cast<ExternObject*>(object);
            data->next_dead = std::exchange(dead, data);
        } else {
            std::free(object);
        }
    }
    objects_.erase(kept, objects_.end());
    const CallOut call(store_);
    while (dead)
        free(std::exchange(dead, dead->next_dead));
}

void Heap::collect()
{
    if (pauses_ != 0)
        return;
    const Pause pause(*this);
    const bool is_marked = guarded(
        [&] {
            mark_all();
            return true;
        },
        [](const Thrown&) { return false; });
    if (is_marked) {
        sweep();
    } else {
        // There was no memory for marking. Keep all objects; the next collection starts over.
        for (Object* const object : objects_)
            object->is_marked = false;
    }
    next_collection_ = std::max(first_collection, 2 * bytes_);
}

void Heap::mark_all()
{
    Marker marker;
    {
        const std::lock_guard lock(roots_mutex_);
        for (const Root* root = roots_; root; root = root->next_)
            marker.mark(root->object_);
    }
    for (const auto& [owner, source] : sources_)
        source(marker);
    while (!marker.gray_.empty()) {
        Object* object = marker.gray_.back();
        marker.gray_.pop_back();
        trace(*object, marker);
    }
}

} // namespace vitrine::core
