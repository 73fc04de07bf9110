// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Canonical definitions: options, and the core functions that they need or make.
// [component model: Canonical ABI, canonical definitions]
#include "component/scope.h"

#include "wasm/match.h"

#include <algorithm>

namespace vitrine::core::component {

namespace {

/// Which types `canon.inc` names in addition to its signatures.
enum class CanonRule : uint8_t {
    None,
    Lift,
    Lower,
    ResourceNew,
    ResourceDrop,
    ResourceRep,
    TaskReturn,
    ContextGet,
    ContextSet,
    Stream,      ///< the type is a stream
    StreamRead,  ///< also, the options are those of a read
    StreamWrite, ///< also, the options are those of a write
    Future,
    FutureRead,
    FutureWrite,
    ErrorNew,
    ErrorMessage,
    Memory,    ///< `second` is a memory
    NewThread, ///< a core function type and a table
    Refused,   ///< needs shared-everything-threads
};

struct CanonRow {
    CanonRule rule;
    std::string_view signature;
};

constexpr CanonRow canon_rows[] = {
#define CANON(name, code, text, immediates, rule, signature) { CanonRule::rule, signature },
#include "component/canon.inc"
};

/// `ii>l` is a function from two i32 to an i64.
core::FuncType parse_signature(std::string_view text)
{
    core::FuncType type;
    auto* list = &type.params;
    for (const char c : text) {
        if (c == '>')
            list = &type.results;
        else
            list->push_back(c == 'l' ? core::ValueType::i64 : core::ValueType::i32);
    }
    return type;
}

std::string name_of(const CanonDef& def) { return "`" + std::string(to_text(def.op)) + "`"; }

std::unexpected<Error> required(std::string_view option)
{
    return failure("canonical option `" + std::string(option) + "` is required");
}

constexpr size_t max_flat_async_params = 4;

/// The feature that a canonical definition is part of.
core::Feature feature_of(CanonOp op)
{
    switch (op) {
    case CanonOp::Lift:
    case CanonOp::Lower:
    case CanonOp::ResourceNew:
    case CanonOp::ResourceDrop:
    case CanonOp::ResourceRep: return core::Feature::Mvp;
    case CanonOp::ErrorContextNew:
    case CanonOp::ErrorContextDebugMessage:
    case CanonOp::ErrorContextDrop: return core::Feature::ComponentErrors;
    case CanonOp::ThreadYield: return core::Feature::ComponentAsync;
    default:
        return op >= CanonOp::ThreadIndex ? core::Feature::ComponentThreads : core::Feature::ComponentAsync;
    }
}

} // namespace

// -- Options

/// Checks that the definition and its options, which are set already, are enabled.
Result<void> Validator::check_features(const CanonDef& def) const
{
    CHECK(require(feature_of(def.op), name_of(def)));
    if (def.options.is_async)
        CHECK(require(core::Feature::ComponentAsync, "canonical option `async`"));
    if (def.op == CanonOp::Lift && def.options.is_async && !def.options.callback)
        CHECK(require(core::Feature::ComponentStackful, "canonical option `async` without `callback`"));
    switch (def.op) {
    case CanonOp::SubtaskCancel:
    case CanonOp::StreamCancelRead:
    case CanonOp::StreamCancelWrite:
    case CanonOp::FutureCancelRead:
    case CanonOp::FutureCancelWrite:
        if (def.flag)
            CHECK(require(core::Feature::ComponentAsyncOptions, "asynchronous " + name_of(def)));
        break;
    case CanonOp::StreamRead:
    case CanonOp::StreamWrite:
    case CanonOp::FutureRead:
    case CanonOp::FutureWrite:
        if (!def.options.is_async)
            CHECK(require(core::Feature::ComponentAsyncOptions, "synchronous " + name_of(def)));
        break;
    case CanonOp::ContextGet:
    case CanonOp::ContextSet:
        if (def.second == 1)
            CHECK(require(core::Feature::ComponentThreads, name_of(def) + " with index 1"));
        break;
    default: break;
    }
    return {};
}

Result<CanonOptions> Validator::canon_options(const CanonDef& def, const Scope& scope) const
{
    CanonOptions options;
    std::optional<CanonOptionKind> encoding;
    const auto set = [](std::optional<uint32_t>& slot, CanonOption option) -> Result<void> {
        if (slot)
            return failure(
                "canonical option `" + std::string(to_text(option.kind)) + "` is specified more than once");
        slot = option.index;
        return {};
    };
    for (const CanonOption option : def.option_list) {
        switch (option.kind) {
        case CanonOptionKind::Utf8:
        case CanonOptionKind::Utf16:
        case CanonOptionKind::Latin1Utf16:
            if (encoding)
                return failure("canonical encoding option `" + std::string(to_text(*encoding))
                    + "` conflicts with option `" + std::string(to_text(option.kind)) + "`");
            encoding = option.kind;
            options.encoding = static_cast<StringEncoding>(option.kind);
            break;
        case CanonOptionKind::Memory:
            CHECK(set(options.memory, option));
            CHECK(check_memory(option.index, scope));
            break;
        case CanonOptionKind::Realloc: CHECK(set(options.realloc, option)); break;
        case CanonOptionKind::PostReturn: CHECK(set(options.post_return, option)); break;
        case CanonOptionKind::Callback: CHECK(set(options.callback, option)); break;
        case CanonOptionKind::Async:
            if (options.is_async)
                return failure("canonical option `async` is specified more than once");
            options.is_async = true;
            break;
        }
    }
    if (options.callback && !options.is_async)
        return failure("cannot specify callback without async");
    if (options.post_return && options.is_async)
        return failure("cannot specify post-return function in async");
    CHECK(check_realloc(options, scope));
    return options;
}

/// Values are passed in a 32-bit memory that is not shared.
Result<void> Validator::check_memory(uint32_t index, const Scope& scope) const
{
    const auto type = std::get<core::MemoryType>(TRY(core_item_at(scope, core::ExternKind::Memory, index)));
    if (type.limits.is_64)
        return failure("64-bit memories are not supported in canonical definitions");
    if (type.limits.is_shared)
        return failure("mismatch in the shared flag for memories");
    return {};
}

Result<void> Validator::check_realloc(const CanonOptions& options, const Scope& scope) const
{
    if (!options.realloc)
        return {};
    if (!options.memory)
        return failure("canonical option `realloc` requires `memory` to also be specified");
    if (*TRY(core_func_at(scope, *options.realloc)) != parse_signature("iiii>i"))
        return failure("canonical option `realloc` uses a core function with an incorrect signature");
    return {};
}

/// The functions that the call of a lifted function ends with.
Result<void> Validator::check_callbacks(
    const CanonOptions& options, const core::FuncType& core, const Scope& scope) const
{
    if (options.post_return
        && *TRY(core_func_at(scope, *options.post_return)) != core::FuncType { core.results, {} })
        return failure("canonical option `post-return` uses a core function with an incorrect signature");
    if (options.callback && *TRY(core_func_at(scope, *options.callback)) != parse_signature("iii>i"))
        return failure("canonical option `callback` uses a core function with an incorrect signature");
    return {};
}

// -- Lifting and lowering

/// The core function that lifting needs or lowering makes. Fails if an option is missing that the
/// types require.
Result<core::FuncType> Validator::flatten(
    const FuncType& func, const CanonOptions& options, bool is_lift) const
{
    const bool is_lower = !is_lift;
    core::FuncType core;
    const auto append = [](std::vector<core::ValueType>& list, const FlatTypes& flat) {
        for (const core::ValueKind type : flat.span())
            list.push_back(type);
    };
    FlatTypes params;
    for (const Field& param : func.params) {
        const TypeInfo& info = types_.info(param.type);
        if (info.has_pointer && !options.memory)
            return required("memory");
        if (info.has_pointer && is_lift && !options.realloc)
            return required("realloc");
        params.add(info.flat);
    }
    const size_t max_params = is_lower && options.is_async ? max_flat_async_params : FlatTypes::max;
    if (params.count <= max_params) {
        append(core.params, params);
    } else {
        if (!options.memory)
            return required("memory");
        if (is_lift && !options.realloc)
            return required("realloc");
        core.params.push_back(core::ValueType::i32);
    }
    if (func.result) {
        const TypeInfo& info = types_.info(*func.result);
        const bool is_direct = info.flat.count <= (options.is_async ? FlatTypes::max : 1);
        const bool by_pointer = is_lower && options.is_async;
        if ((info.has_pointer || !is_direct || by_pointer) && !options.memory)
            return required("memory");
        if (is_lower && info.has_pointer && !options.realloc)
            return required("realloc");
        // The results of a function that is lifted asynchronously are given to `task.return`.
        if (by_pointer || (!options.is_async && !is_direct && is_lower))
            core.params.push_back(core::ValueType::i32);
        else if (!options.is_async && !is_direct)
            core.results.push_back(core::ValueType::i32);
        else if (!options.is_async)
            append(core.results, info.flat);
    }
    if (options.is_async && (is_lower || options.callback))
        core.results.push_back(core::ValueType::i32);
    return core;
}

Result<void> Validator::lift(CanonDef& def, Scope& scope)
{
    def.type = TRY(type_at(scope, def.second));
    const auto* func = types_.find<FuncType>(def.type);
    if (!func)
        return failure("type index " + std::to_string(def.second) + " is not a function type");
    const core::FuncType& core = *TRY(core_func_at(scope, def.index));
    def.options = TRY(canon_options(def, scope));
    CHECK(check_features(def));
    CHECK(check_callbacks(def.options, core, scope));
    if (def.options.is_async && !func->is_async)
        return failure("the `async` canonical option requires an async function type");
    const core::FuncType wanted = TRY(flatten(*func, def.options, true));
    const auto differ = [&](const std::string& what, const auto& lowered, const auto& found) {
        return failure("lowered " + what + " types `" + core::to_text(lowered) + "` do not match " + what
            + " types `" + core::to_text(found) + "` of core function " + std::to_string(def.index));
    };
    if (wanted.params != core.params)
        return differ("parameter", wanted.params, core.params);
    if (wanted.results != core.results)
        return differ("result", wanted.results, core.results);
    scope.funcs.push_back(def.type);
    return {};
}

Result<core::FuncType> Validator::lower(CanonDef& def, Scope& scope)
{
    def.type = TRY(at(scope.funcs, def.index, "function", "function"));
    const FuncType& func = types_.func(def.type);
    if (def.options.is_async && !func.is_async)
        return failure("the `async` canonical option requires an async function type");
    return flatten(func, def.options, false);
}

// -- Built-ins

Result<ResourceId> Validator::resource_at(uint32_t index, const Scope& scope) const
{
    const TypeId id = TRY(type_at(scope, index));
    if (!types_.find<ResourceType>(id))
        return failure("type index " + std::to_string(index) + " is not a resource type");
    return types_.resource(id);
}

/// Only the component that defines a resource knows what represents it.
Result<core::ValueType> Validator::representation(const CanonDef& def, const Scope& scope) const
{
    const auto found = scope.representations.find(TRY(resource_at(def.index, scope)));
    if (found == scope.representations.end())
        return failure("type " + std::to_string(def.index) + " is not a local resource");
    return found->second;
}

/// The function is a lowered one from the result's type to nothing.
Result<core::FuncType> Validator::task_return(CanonDef& def, Scope& scope)
{
    if (def.options.realloc)
        return failure("cannot specify `realloc` option on `task.return`");
    if (def.options.is_async)
        return failure("cannot specify `async` option on `task.return`");
    FuncType func;
    if (def.result) {
        CHECK(resolve(*def.result, scope));
        func.params.push_back({ "v", *def.result });
    }
    return flatten(func, def.options, false);
}

Result<core::FuncType> Validator::context(const CanonDef& def, Scope& scope)
{
    if (def.context != core::ValueType::i32)
        return failure(def.context == core::ValueType::i64 ? "64-bit " + name_of(def) + " is not supported"
                                                           : name_of(def) + " only supports `i32` or `i64`");
    if (def.second > 1)
        return failure(name_of(def) + " immediate must be zero or one: " + std::to_string(def.second));
    core::FuncType type;
    (def.op == CanonOp::ContextGet ? type.results : type.params).push_back(def.context);
    scope.context = def.context;
    return type;
}

/// Reads from and writes to streams and futures.
Result<void> Validator::check_transfer(CanonDef& def, Scope& scope)
{
    const CanonRule rule = canon_rows[static_cast<size_t>(def.op)].rule;
    const bool is_stream = rule <= CanonRule::StreamWrite;
    def.type = TRY(type_at(scope, def.index));
    const auto* value = types_.find<ValueDef>(def.type);
    if (!value)
        return failure("type index " + std::to_string(def.index) + " is not a defined type");
    const auto* stream = std::get_if<StreamType>(value);
    const auto* future = std::get_if<FutureType>(value);
    if (is_stream ? !stream : !future)
        return failure(name_of(def) + " requires a " + (is_stream ? "stream" : "future") + " type");
    const auto& element = is_stream ? stream->element : future->element;
    const bool reads = rule == CanonRule::StreamRead || rule == CanonRule::FutureRead;
    const bool writes = rule == CanonRule::StreamWrite || rule == CanonRule::FutureWrite;
    if (element && (reads || writes) && !def.options.memory)
        return required("memory");
    if (element && reads && types_.info(*element).has_pointer && !def.options.realloc)
        return required("realloc");
    return {};
}

Result<void> Validator::check_thread(const CanonDef& def, const Scope& scope) const
{
    const core::Module& types = scope.core_types;
    if (def.index >= types.types.size())
        return failure("unknown type " + std::to_string(def.index) + ": type index out of bounds");
    const core::TypeInfo* info = types.type_infos[def.index];
    const core::FuncType* func = info ? info->type.func() : nullptr;
    if (!func)
        return failure("expected a core function type");
    if (*func != parse_signature("i>"))
        return failure("start function must take one `i32` argument and return no values");
    const auto table = TRY(core_item_at(scope, core::ExternKind::Table, def.second));
    if (!core::matches(table, core::TableType { core::ValueType::funcref, {} }, registry_))
        return failure("table is not a 32-bit table of (ref null (func))");
    return {};
}

Result<core::FuncType> Validator::built_in(CanonDef& def, Scope& scope)
{
    const CanonRow& row = canon_rows[static_cast<size_t>(def.op)];
    switch (row.rule) {
    case CanonRule::Lift:
    case CanonRule::None: break;
    case CanonRule::Lower: return lower(def, scope);
    case CanonRule::ResourceNew:
        return core::FuncType { { TRY(representation(def, scope)) }, { core::ValueType::i32 } };
    case CanonRule::ResourceRep:
        return core::FuncType { { core::ValueType::i32 }, { TRY(representation(def, scope)) } };
    case CanonRule::ResourceDrop: CHECK(resource_at(def.index, scope)); break;
    case CanonRule::TaskReturn: return task_return(def, scope);
    case CanonRule::ContextGet:
    case CanonRule::ContextSet: return context(def, scope);
    case CanonRule::Stream:
    case CanonRule::StreamRead:
    case CanonRule::StreamWrite:
    case CanonRule::Future:
    case CanonRule::FutureRead:
    case CanonRule::FutureWrite: CHECK(check_transfer(def, scope)); break;
    case CanonRule::ErrorNew:
    case CanonRule::ErrorMessage:
        if (!def.options.memory)
            return required("memory");
        if (row.rule == CanonRule::ErrorMessage && !def.options.realloc)
            return required("realloc");
        if (def.options.is_async)
            return failure("cannot specify `async` option on " + name_of(def));
        break;
    case CanonRule::Memory: CHECK(check_memory(def.second, scope)); break;
    case CanonRule::NewThread: CHECK(check_thread(def, scope)); break;
    case CanonRule::Refused:
        return failure(name_of(def) + " requires the shared-everything-threads proposal");
    }
    return parse_signature(row.signature);
}

Result<void> Validator::define(CanonDef& def, Scope& scope)
{
    if (def.op == CanonOp::Lift)
        return lift(def, scope);
    def.options = TRY(canon_options(def, scope));
    CHECK(check_features(def));
    for (const auto& [is_given, option] : { std::pair(def.options.post_return.has_value(), "post-return"),
             { def.options.callback.has_value(), "callback" } })
        if (is_given)
            return failure(
                "canonical option `" + std::string(option) + "` cannot be specified for lowerings");
    const core::FuncType type = TRY(built_in(def, scope));
    if (def.op == CanonOp::ResourceNew || def.op == CanonOp::ResourceDrop || def.op == CanonOp::ResourceRep)
        def.type = scope.types[def.index];
    return add_core_func(def, type, scope);
}

Result<void> Validator::add_core_func(CanonDef& def, const core::FuncType& type, Scope& scope)
{
    auto added = TRY(registry_.add(type));
    claims_->push_back(std::move(added.claim));
    def.core_type = added.id;
    scope.core_items[static_cast<size_t>(core::ExternKind::Func)].push_back(
        core::ExternFunc<core::TypeId> { added.id });
    return {};
}

} // namespace vitrine::core::component
