// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/value.h"
#include "wasm/type_registry.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <vitrine/kinds.hpp>

namespace vitrine::core {

struct Tag;
class Store;

/// [doc] Objects of the collected heap
///
/// Structs, arrays, exceptions, and wrappers of host data. Objects never move. The header is
/// followed by the contents: the fields of a struct, each in its own slots, with packed fields in
/// the lowest bytes; the elements of an array, densely packed; or the values of an exception, in
/// slots.
struct Object {
    using Kind = vitrine::ObjectKind;

    /// The number of objects allocated in this heap before it. Identifies the object across
    /// identical executions.
    uint64_t ordinal;
    /// The type of a struct or array, or the type of an exception's tag.
    const TypeInfo* type;
    /// Only for arrays: the number of elements.
    uint32_t length;
    Kind kind;
    bool is_marked;

    const Slot* slots() const { return reinterpret_cast<const Slot*>(this + 1); }
    const uint8_t* bytes() const { return reinterpret_cast<const uint8_t*>(this + 1); }
    const uint8_t* element(uint64_t index) const { return bytes() + index * type->element_bytes; }
    // For the runtime and the tiers. All others write through runtime/mutation.
    Slot* writable_slots() { return reinterpret_cast<Slot*>(this + 1); }
    uint8_t* writable_element(uint64_t index)
    {
        return reinterpret_cast<uint8_t*>(this + 1) + index * type->element_bytes;
    }
};
static_assert(sizeof(Object) % alignof(Slot) == 0);

/// An exception. The values are in the slots after the tag.
struct ExceptionObject : Object {
    const Tag* tag;

    const Slot* values() const { return reinterpret_cast<const Slot*>(this + 1); }
    /// See `writable_slots`.
    Slot* writable_values() { return reinterpret_cast<Slot*>(this + 1); }
};

/// Host data that an externref refers to. Released when the object is collected.
struct ExternObject : Object {
    std::shared_ptr<void> data;
    /// Links unreachable objects while the heap releases them.
    ExternObject* next_dead = nullptr;
};

/// The type of the value of a field or element on the operand stack.
inline ValueType unpacked(const FieldType& field) { return field.is_packed() ? ValueType::i32 : field.type; }

/// Copy an array element to and from slots. Packed elements are zero-extended.
void load_element(const Object& array, uint64_t index, Slot* to);
void store_element(Object& array, uint64_t index, const Slot* from);

/// The parts of an object with their types: fields, elements or exception values. `index` must be
/// in bounds.
uint32_t part_count(const Object& object);
Value part_of(const Object& object, uint32_t index);
/// The value must have the part's type.
void set_part(Object& object, uint32_t index, const Value& value);
/// Whether the guest can write the part.
bool is_mutable_part(const Object& object, uint32_t index);

/// The dynamic type of a non-null reference of the any, extern or exn hierarchy.
ValueType dynamic_type(Ref ref);

class Heap;

/// Keeps an object alive. Created and used on the store's thread. May be destroyed on any thread
/// while the store exists. The object is null when the store is gone.
class Root {
public:
    Root(Heap& heap, Object* object);
    ~Root();
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;
    Object* object() const { return object_; }
    /// Null when the store is gone.
    Heap* heap() const { return heap_; }

private:
    friend Heap;
    Heap* heap_;
    Object* object_;
    Root* previous_ = nullptr;
    Root* next_ = nullptr;
};

/// Passed to the sources of roots, which report each reference they hold.
class Marker {
public:
    void mark(Ref ref)
    {
        if (ref.is_null() || ref.is_i31())
            return;
        mark(ref.object());
    }
    void mark(Object* object)
    {
        if (object->is_marked)
            return;
        object->is_marked = true;
        gray_.push_back(object);
    }

private:
    friend Heap;
    std::vector<Object*> gray_;
};

/// The mark-and-sweep heap of a store. Used by the store's thread.
class Heap {
public:
    /// `limit` is the maximum number of bytes of all objects. With `stress`, every allocation
    /// collects first.
    Heap(Store& store, uint64_t limit, bool stress) : store_(store), limit_(limit), is_stressed_(stress) {}
    ~Heap();
    Heap(const Heap&) = delete;
    Heap& operator=(const Heap&) = delete;

    // Allocate zeroed objects. Return null if the heap is full. Objects that the caller still needs
    // must be rooted, because an allocation can collect.
    Object* make_struct(const TypeInfo& type);
    Object* make_array(const TypeInfo& type, uint32_t length);
    ExceptionObject* make_exception(const Tag& tag, const TypeInfo& type);
    /// Never null: host data does not count towards the limit of the guest's heap.
    ExternObject* make_extern(std::shared_ptr<void> data);

    Store& store() const { return store_; }
    void collect();
    /// Size in bytes and number of the objects that have not been collected.
    uint64_t bytes() const { return bytes_; }
    uint64_t count() const { return objects_.size(); }
    /// In the order of their allocation.
    const std::deque<Object*>& objects() const { return objects_; }

    /// Adds a source of roots. Each collection calls it to report its references. `owner`
    /// identifies it.
    void add_source(const void* owner, std::function<void(Marker&)> source)
    {
        sources_.emplace_back(owner, std::move(source));
    }
    void remove_source(const void* owner)
    {
        std::erase_if(sources_, [owner](const auto& item) { return item.first == owner; });
    }

    /// No collection happens while an object of this class exists.
    class Pause {
    public:
        explicit Pause(Heap& heap) : heap_(heap) { ++heap_.pauses_; }
        ~Pause() { --heap_.pauses_; }
        Pause(const Pause&) = delete;
        Pause& operator=(const Pause&) = delete;

    private:
        Heap& heap_;
    };

private:
    friend Root;
    static constexpr uint64_t first_collection = uint64_t { 4 } << 20;

    bool makes_room(uint64_t bytes);
    Object* take(uint64_t bytes, Object::Kind kind, const TypeInfo* type);
    void add(Object& object, Object::Kind kind, const TypeInfo* type);
    void trace(Object& object, Marker& marker);
    void mark_all();
    void sweep();
    static void free(Object* object);

    Store& store_;
    uint64_t limit_;
    bool is_stressed_;
    uint32_t pauses_ = 0;
    std::deque<Object*> objects_;
    uint64_t next_ordinal_ = 0;
    uint64_t bytes_ = 0;
    uint64_t next_collection_ = first_collection;
    /// The size up to which the embedder's limiter has allowed the heap to grow.
    uint64_t allowed_ = 0;
    std::vector<std::pair<const void*, std::function<void(Marker&)>>> sources_;
    /// Roots can be destroyed while the guest runs on another thread.
    std::mutex roots_mutex_;
    Root* roots_ = nullptr;
};

} // namespace vitrine::core
