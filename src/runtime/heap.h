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
/// Structs, arrays, exceptions, and what stands for data of the host. An object never moves. Behind its header lie the
/// fields of a struct, each in slots, of which a packed one uses the lowest bytes; the elements of an array, as densely as they are declared; the values of an
/// exception, in slots.
struct Object {
    using Kind = vitrine::ObjectKind;

    /// Of its allocation, among all objects that the heap has ever had: an object's identity in every execution that is the same.
    uint64_t ordinal;
    /// Of a struct or an array; of an exception that of its tag.
    const TypeInfo* type;
    /// Of an array: its elements.
    uint32_t length;
    Kind kind;
    bool is_marked;

    const Slot* slots() const { return reinterpret_cast<const Slot*>(this + 1); }
    const uint8_t* bytes() const { return reinterpret_cast<const uint8_t*>(this + 1); }
    const uint8_t* element(uint64_t index) const { return bytes() + index * type->element_bytes; }
    // For runtime and the tiers; everybody else writes through runtime/mutation.
    Slot* writable_slots() { return reinterpret_cast<Slot*>(this + 1); }
    uint8_t* writable_element(uint64_t index)
    {
        return reinterpret_cast<uint8_t*>(this + 1) + index * type->element_bytes;
    }
};
static_assert(sizeof(Object) % alignof(Slot) == 0);

/// What was thrown. The values lie in the slots behind the tag.
struct ExceptionObject : Object {
    const Tag* tag;

    const Slot* values() const { return reinterpret_cast<const Slot*>(this + 1); }
    /// As `writable_slots`.
    Slot* writable_values() { return reinterpret_cast<Slot*>(this + 1); }
};

/// What an externref refers to: data of the host, let go when the object is collected.
struct ExternObject : Object {
    std::shared_ptr<void> data;
    /// While the heap lets go what was found dead.
    ExternObject* next_dead = nullptr;
};

/// The type of the value in a field or an element as the stack has it.
inline ValueType unpacked(const FieldType& field) { return field.is_packed() ? ValueType::i32 : field.type; }

/// An array's element between memory and slots; a packed one is zero-extended.
void load_element(const Object& array, uint64_t index, Slot* to);
void store_element(Object& array, uint64_t index, const Slot* from);

/// The values that an object holds, with their types: fields, elements, what was thrown. Each must exist.
uint32_t part_count(const Object& object);
Value part_of(const Object& object, uint32_t index);
/// The value must be of the part's type.
void set_part(Object& object, uint32_t index, const Value& value);
/// Whether the guest may write it.
bool is_mutable_part(const Object& object, uint32_t index);

/// The type of a non-null reference of the any or extern hierarchies or exnref by what it refers to.
ValueType dynamic_type(Ref ref);

class Heap;

/// Keeps an object alive; made and used by the store's thread, and let go by any, as long as the store lives. The object is null when
/// the store is gone.
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

/// What roots are told to: each reference that is found.
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

/// A store's objects, marked and swept. Used by the store's thread.
class Heap {
public:
    /// `limit` bounds the bytes of all objects; with `stress` every allocation collects first.
    Heap(Store& store, uint64_t limit, bool stress) : store_(store), limit_(limit), is_stressed_(stress) {}
    ~Heap();
    Heap(const Heap&) = delete;
    Heap& operator=(const Heap&) = delete;

    // New objects, all zero; null when there is no room. Whatever is referred to must be rooted.
    Object* make_struct(const TypeInfo& type);
    Object* make_array(const TypeInfo& type, uint32_t length);
    ExceptionObject* make_exception(const Tag& tag, const TypeInfo& type);
    /// Never null: the host's own data is not bounded by the guest's heap.
    ExternObject* make_extern(std::shared_ptr<void> data);

    Store& store() const { return store_; }
    void collect();
    /// Bytes and number of the objects that have not been collected.
    uint64_t bytes() const { return bytes_; }
    uint64_t count() const { return objects_.size(); }
    /// In the order of their allocation.
    const std::deque<Object*>& objects() const { return objects_; }

    /// What else holds references, by its owner: told to `source` whenever it is asked.
    void add_source(const void* owner, std::function<void(Marker&)> source)
    {
        sources_.emplace_back(owner, std::move(source));
    }
    void remove_source(const void* owner)
    {
        std::erase_if(sources_, [owner](const auto& item) { return item.first == owner; });
    }

    /// While it lives nothing is collected.
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
    /// What the embedder's limiter has agreed to; it is asked when the heap grows beyond.
    uint64_t allowed_ = 0;
    std::vector<std::pair<const void*, std::function<void(Marker&)>>> sources_;
    /// Roots may be let go while the guest runs on another thread.
    std::mutex roots_mutex_;
    Root* roots_ = nullptr;
};

} // namespace vitrine::core
