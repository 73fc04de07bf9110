// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Errors, and what vitrine.h adds to traps.
#include "capi/capi.h"

namespace vitrine::capi {

namespace {

#define SAME(name, kind) static_assert(VITRINE_TRAP_##name == static_cast<int>(TrapKind::kind))
SAME(UNREACHABLE, Unreachable);
SAME(MEMORY_OUT_OF_BOUNDS, MemoryOutOfBounds);
SAME(TABLE_OUT_OF_BOUNDS, TableOutOfBounds);
SAME(UNDEFINED_ELEMENT, UndefinedElement);
SAME(UNINITIALIZED_ELEMENT, UninitializedElement);
SAME(INDIRECT_CALL_TYPE_MISMATCH, IndirectCallTypeMismatch);
SAME(INTEGER_DIVIDE_BY_ZERO, IntegerDivideByZero);
SAME(INTEGER_OVERFLOW, IntegerOverflow);
SAME(INVALID_CONVERSION_TO_INTEGER, InvalidConversionToInteger);
SAME(STACK_OVERFLOW, StackOverflow);
SAME(NULL_REFERENCE, NullReference);
SAME(NULL_FUNCTION, NullFunction);
SAME(NULL_STRUCT, NullStruct);
SAME(NULL_ARRAY, NullArray);
SAME(NULL_I31, NullI31);
SAME(NULL_EXCEPTION, NullException);
SAME(ARRAY_OUT_OF_BOUNDS, ArrayOutOfBounds);
SAME(CAST_FAILURE, CastFailure);
SAME(UNALIGNED_ATOMIC, UnalignedAtomic);
SAME(NOT_SHARED, NotShared);
SAME(OUT_OF_MEMORY, OutOfMemory);
SAME(UNCAUGHT_EXCEPTION, UncaughtException);
SAME(INTERRUPTED, Interrupted);
SAME(HOST_ERROR, HostError);
SAME(EXIT, Exit);
SAME(KILLED, Killed);
#undef SAME

} // namespace

vitrine_error_t* make_error(const std::shared_ptr<StoreBody>& store, const Error& error) noexcept
{
    return guarded(out_of_memory(), [&] { return new vitrine_error_t { store, error }; });
}

vitrine_error_t* out_of_memory() noexcept
{
    // It needs no memory, and is never deleted. Nobody changes an error.
    static const vitrine_error_t error { {}, Error("out of memory") };
    return const_cast<vitrine_error_t*>(&error);
}

} // namespace vitrine::capi

using vitrine::Error;
using vitrine::Trap;
using vitrine::TrapKind;
using vitrine::capi::fill;
using vitrine::capi::fill_text;
using vitrine::capi::guarded;
using vitrine::capi::make_error;
using vitrine::capi::make_trap;
using vitrine::capi::out_of_memory;
using vitrine::capi::required;

void vitrine_error_delete(vitrine_error_t* error)
{
    if (error != out_of_memory())
        delete error;
}

vitrine_error_t* vitrine_error_new(const char* message)
{
    const char* const text = &required(message, __func__, "message");
    return guarded(out_of_memory(), [&] { return make_error(nullptr, Error(text)); });
}

vitrine_error_t* vitrine_error_new_exit(int status)
{
    return guarded(out_of_memory(), [&] {
        return make_error(nullptr,
            Error(Trap {
                .kind = TrapKind::Exit, .text = "exit " + std::to_string(status), .exit_status = status }));
    });
}

vitrine_error_t* vitrine_error_new_trap(const wasm_trap_t* trap)
{
    const auto& passed = required(trap, __func__, "trap");
    return make_error(passed.store, passed.error());
}

void vitrine_error_message(const vitrine_error_t* error, wasm_byte_vec_t* out)
{
    const Error& described = required(error, __func__, "error").error;
    fill(required(out, __func__, "out"), described.message());
}

void vitrine_error_to_text(const vitrine_error_t* error, wasm_byte_vec_t* out)
{
    const Error& described = required(error, __func__, "error").error;
    fill_text(required(out, __func__, "out"), [&] { return described.to_text(); });
}

bool vitrine_error_is_in_text(const vitrine_error_t* error)
{
    return required(error, __func__, "error").error.is_in_text();
}

bool vitrine_error_offset(const vitrine_error_t* error, uint64_t* out)
{
    const auto offset = required(error, __func__, "error").error.offset();
    if (offset && out)
        *out = *offset;
    return offset.has_value();
}

wasm_trap_t* vitrine_error_trap(const vitrine_error_t* error)
{
    const auto& described = required(error, __func__, "error");
    if (!described.store || !described.error.trap())
        return nullptr;
    return make_trap(described.store, described.error);
}

bool vitrine_error_exit_status(const vitrine_error_t* error, int* out)
{
    const auto status = required(error, __func__, "error").error.exit_status();
    if (status && out)
        *out = *status;
    return status.has_value();
}

vitrine_trap_kind_t vitrine_trap_kind(const wasm_trap_t* trap)
{
    const Trap* const ended = required(trap, __func__, "trap").error().trap();
    return ended ? static_cast<vitrine_trap_kind_t>(ended->kind) : vitrine_trap_kind_t { VITRINE_TRAP_NONE };
}

void vitrine_frame_func_name(const wasm_frame_t* frame, wasm_name_t* out)
{
    const auto& described = required(frame, __func__, "frame");
    fill(required(out, __func__, "out"), described.frame.name);
}

void vitrine_frame_module_name(const wasm_frame_t* frame, wasm_name_t* out)
{
    const auto& described = required(frame, __func__, "frame");
    fill(required(out, __func__, "out"), described.frame.module);
}
