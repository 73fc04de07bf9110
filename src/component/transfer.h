// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/instance.h"
#include "component/strings.h"

#include <optional>
#include <span>
#include <vector>

// [doc] Values between components
//
// A value goes from one guest to another, from a guest to the host, or from the host to a guest.
// Between guests it is copied from memory to memory, one part after the other, without being built
// up in between. A value in a guest is read through a `GuestSource`, one of the host through a
// `ValueSource`; `Lowering` writes what it reads from either.
//
// Storing a string or list needs memory of the receiver, which the receiver's own `realloc`
// allocates. So a `Lowering` is a machine that stops there: it says what it needs, its caller calls
// the guest, and it goes on with the address. Where it is, it keeps on a stack of its own. It keeps
// addresses, never pointers, because memories move when they grow.
//
// [component model: Canonical ABI, loading, storing, lifting and lowering]

namespace vitrine::core::component {

/// Where a value is: at an address of memory, or among core values from an index on.
struct Place {
    bool is_flat = false;
    uint32_t at = 0;

    static Place memory(uint32_t address) { return { false, address }; }
    static Place flat(uint32_t index) { return { true, index }; }
    /// Where a part is.
    Place part(const ShapePart& part) const
    {
        return { is_flat, at + (is_flat ? part.flat_offset : part.offset) };
    }
};

/// A resource on its way.
struct MovedHandle {
    const ResourceKind* kind;
    uint32_t rep;
};

/// The elements of a list that is being read.
template<class Cursor> struct SourceList {
    Cursor first;
    uint32_t count;
};

/// Reads values from a guest. All reads are checked.
class GuestSource {
public:
    using Cursor = Place;

    /// `flats` are the core values. `types` is the instance whose resource types the shapes refer
    /// to. Without a scope, handles are only looked at: for debuggers.
    GuestSource(Instance& instance, const Options& options, std::span<const Slot> flats,
        const Instance& types, HandleScope* scope)
        : instance_(&instance), options_(options), flats_(flats), types_(&types), scope_(scope)
    {}

    /// Checks that a value of this shape can be at the address.
    Faulty<Place> at_address(const Shape& shape, uint32_t address) const;

    Place field(const Shape& shape, Place at, uint32_t index) const { return at.part(shape.parts[index]); }
    Place payload(const Shape& shape, Place at, uint32_t index) const { return at.part(shape.parts[index]); }
    Place element(const Shape& shape, const SourceList<Place>& list, uint32_t index) const;
    /// A number, `bool`, `char` or flags, as in `Value::bits`.
    Faulty<uint64_t> scalar(const Shape& shape, Place at) const;
    Faulty<uint32_t> case_of(const Shape& shape, Place at) const;
    Faulty<SourceString> string(Place at) const;
    Faulty<SourceList<Place>> list(const Shape& shape, Place at) const;
    /// The bytes of plain values, or none if they are not in memory.
    std::optional<Bytes> plain(Place at, uint32_t size) const;
    /// The bytes of all elements of a list, or none if they are not plain values in memory.
    std::optional<Bytes> elements(const Shape& shape, const SourceList<Place>& list) const;
    /// Null if handles are only looked at.
    HandleScope* scope() const { return scope_; }
    /// Takes an `own` out of the table, or lends a resource for a `borrow`.
    Faulty<MovedHandle> handle(const Shape& shape, Place at) const;

private:
    uint64_t number(Place at, uint32_t size) const;

    Instance* instance_;
    Options options_;
    std::span<const Slot> flats_;
    const Instance* types_;
    HandleScope* scope_;
};

/// Reads values of the host. They must fit their shapes, see `check_value`.
class ValueSource {
public:
    using Cursor = const Value*;

    /// What the host lends belongs to `scope`.
    ValueSource(Components& components, const Instance& types, HandleScope& scope)
        : components_(&components), types_(&types), scope_(&scope)
    {}

    Cursor field(const Shape&, Cursor at, uint32_t index) const { return &at->nodes()[index]; }
    Cursor payload(const Shape&, Cursor at, uint32_t) const { return at->payload(); }
    Cursor element(const Shape& shape, const SourceList<Cursor>& list, uint32_t index) const;
    Faulty<uint64_t> scalar(const Shape& shape, Cursor at) const;
    Faulty<uint32_t> case_of(const Shape& shape, Cursor at) const;
    Faulty<SourceString> string(Cursor at) const;
    Faulty<SourceList<Cursor>> list(const Shape& shape, Cursor at) const;
    std::optional<Bytes> plain(Cursor, uint32_t) const { return {}; }
    std::optional<Bytes> elements(const Shape& shape, const SourceList<Cursor>& list) const;
    Faulty<MovedHandle> handle(const Shape& shape, Cursor at) const;

private:
    Components* components_;
    const Instance* types_;
    HandleScope* scope_;
};

/// Whether a value can be read as one of this shape.
bool fits(const Value& value, const Shape& shape);

/// A value of a guest as one of the host. Fails if it would take more than `limits::lifted_bytes`:
/// many lists of a guest can share their memory. The recursion is bounded by the depth of types.
Faulty<Value> lift(Components& components, const GuestSource& source, const Shape& shape, Place at);

/// Copies scalars between the core values of two guests.
inline Faulty<void> copy_scalar(const GuestSource& source, const Shape& shape, uint32_t at, Slot& to)
{
    const uint64_t bits = TRY(source.scalar(shape, Place::flat(at)));
    to = shape.size == 8 ? bits : static_cast<uint32_t>(bits);
    return {};
}

/// A call of `realloc`.
struct Reallocation {
    uint32_t old_address = 0;
    uint32_t old_size = 0;
    uint32_t alignment = 1;
    uint32_t new_size = 0;
};

/// Writes a value to a guest. After `start`, call `run` until it returns no reallocation.
template<class Source> class Lowering {
public:
    using Cursor = typename Source::Cursor;

    struct Step;
    /// Memory for the steps, which may be used again for another lowering.
    using Steps = std::vector<Step>;

    /// `flats` receive the core values; they must be zero. What `instance` borrows belongs to
    /// `scope`.
    Lowering(Source source, Instance& instance, const Options& options, std::span<Slot> flats,
        HandleScope& scope, Steps steps = {})
        : source_(source),
          instance_(&instance),
          options_(options),
          flats_(flats),
          scope_(&scope),
          steps_(std::move(steps))
    {}

    /// Checks that a value of this shape can be stored at the address.
    Faulty<Place> at_address(const Shape& shape, uint32_t address) const;
    void start(const Shape& shape, Cursor from, Place to);
    /// The same, to memory that is yet to be allocated. Its address becomes a core value at `to`.
    void start_allocated(const Shape& shape, Cursor from, Place to);
    /// Goes on until memory is needed or everything has been written. The address is the result of
    /// the previous reallocation.
    Faulty<std::optional<Reallocation>> run();
    Faulty<std::optional<Reallocation>> run(uint32_t address);

    const Source& source() const { return source_; }
    /// Takes the memory for the steps. No member may be called after that.
    Steps take_steps()
    {
        steps_.clear();
        return std::move(steps_);
    }

    enum class Task : uint8_t {
        /// Write a value.
        Value,
        /// Write the fields from `next` on.
        Fields,
        /// Write the elements from `next` on.
        Elements,
        /// Write the characters of a string to its allocation `next`.
        Characters,
        /// Write a value to memory that has just been allocated.
        Allocated,
    };
    struct Step {
        Task task;
        const Shape* shape;
        Cursor from;
        Place to;
        /// Where the next field or element is, in parts.
        uint32_t next = 0;
        /// The elements, and where they go.
        SourceList<Cursor> list {};
        Place base {};
        /// The elements have memory of their own.
        bool is_range = false;
        StringPlan plan {};
    };

private:
    Faulty<void> write(const Shape& shape, Cursor from, Place to);
    Faulty<void> next_field();
    Faulty<void> next_element();
    Faulty<void> write_packed();
    Faulty<void> write_characters(uint32_t address);
    Faulty<void> write_handle(const Shape& shape, Cursor from, Place to);
    void write_bytes(uint32_t address, Bytes bytes);
    void write_number(Place to, uint64_t bits, uint32_t size);
    void write_range(Place to, uint32_t address, uint32_t length);
    Faulty<void> check_allocated(uint32_t address, uint32_t alignment, uint64_t size) const;
    void ask(Step step, const Reallocation& reallocation);
    Faulty<void> take(uint32_t address);
    Store& store() const;
    bool poll();

    Source source_;
    Instance* instance_;
    Options options_;
    std::span<Slot> flats_;
    HandleScope* scope_;
    Steps steps_;
    std::optional<Reallocation> needed_;
    /// What has been done since requests to the thread were last handled. A unit is a step or the
    /// copy of some bytes.
    uint64_t effort_ = 0;
};

} // namespace vitrine::core::component
