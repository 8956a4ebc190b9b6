#include "commands/script_runner.hpp"

#include <chrono>
#include <fmt/format.h>
#include <new>
#include <utility>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/executor.hpp"
#include "commands/services.hpp"
#include "digest/sha1.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

// Keys and arguments of a request whose word 2 says how many keys follow. Replies with an error and
// returns nothing if it does not.
std::optional<std::size_t> count_keys(context& c) {
    const std::optional<std::int64_t> count = integer_argument(c, c.args[2]);
    if (!count) return std::nullopt;
    if (*count > static_cast<std::int64_t>(c.args.size()) - 3) {
        c.reply.error("ERR Number of keys can't be greater than number of args");
        return std::nullopt;
    }
    if (*count < 0) {
        c.reply.error("ERR Number of keys can't be negative");
        return std::nullopt;
    }
    return static_cast<std::size_t>(*count);
}

constexpr std::string_view not_read_only =
    "ERR Can not execute a script with write flag using *_ro command.";

} // namespace

script_runner::script_runner(executor& commands, services& server)
    : commands_{&commands},
      known_{&server.scripts()},
      functions_{server},
      all_running_{&server.running()} {
    all_running_->add(slot_);
}

script_runner::~script_runner() {
    all_running_->remove(slot_);
}

interpreter& script_runner::scripts() {
    if (!scripts_) scripts_ = std::make_unique<interpreter>(interpreter::kind::scripts);
    return *scripts_;
}

void script_runner::drop_outdated() {
    const std::uint64_t now = known_->generation();
    if (now == generation_) return;
    // A new state as well: it costs less than to find out what is garbage in the old one.
    compiled_.clear();
    scripts_.reset();
    slot_.set_memory(script_kind::script, 0);
    generation_ = now;
}

script_runner::compiled* script_runner::find(std::string_view sha) {
    drop_outdated();
    if (const auto found = compiled_.find(sha); found != compiled_.end()) return &found->second;
    script_store::script_ptr script = known_->find(sha);
    if (!script) return nullptr;
    std::string error;
    const std::optional<int> function = scripts().compile(script->code, error);
    if (!function) return nullptr; // it has been compiled before: memory has run out
    return &compiled_.emplace(std::string{sha}, compiled{std::move(script), *function})
                .first->second;
}

std::optional<script_flags> script_runner::declared_flags(const command& row,
                                                          std::span<const std::string_view> args) {
    std::optional<script_flags> flags;
    if (row.name.starts_with("evalsha")) {
        if (const script_store::script_ptr script = known_->find(in_lower_case(args[1])))
            flags = script->flags;
    } else if (row.name.starts_with("eval")) {
        std::string error;
        if (const std::optional<script_header> header = parse_script_header(args[1], error))
            flags = header->flags;
    } else if (row.name.starts_with("fcall")) {
        if (const loaded_functions::one* const function = functions_.find(args[1]))
            flags = function->flags;
    }
    if (flags && flags->undeclared) flags.reset();
    return flags;
}

bool script_runner::knows(std::string_view sha) {
    return known_->find(in_lower_case(sha)) != nullptr;
}

const script_runner::compiled* script_runner::learn(std::string_view sha, std::string_view script,
                                                    std::string& error) {
    if (const compiled* const known = find(sha)) return known;
    const std::optional<script_header> header = parse_script_header(script, error);
    if (!header) return nullptr;
    const std::optional<int> function = scripts().compile(header->code, error);
    if (!function) {
        error = "ERR Error compiling script (new function): " + error;
        return nullptr;
    }
    compiled made{known_->add(sha, header->code, header->flags), *function};
    return &compiled_.emplace(std::string{sha}, std::move(made)).first->second;
}

void script_runner::eval(context& c) {
    commands_->show_to_monitors(c); // in front of what it calls
    const std::optional<std::size_t> keys = count_keys(c);
    if (!keys) return;
    const std::string sha = to_hex(sha1(c.args[1]));
    std::string error;
    const compiled* const learned = learn(sha, c.args[1], error);
    if (learned == nullptr) return c.reply.error(error);
    run_script(c, *learned, *keys);
}

void script_runner::evalsha(context& c) {
    commands_->show_to_monitors(c); // in front of what it calls
    const std::optional<std::size_t> keys = count_keys(c);
    if (!keys) return;
    const compiled* found = find(c.args[1]);
    if (found == nullptr) found = find(in_lower_case(c.args[1]));
    if (found == nullptr) return c.reply.error("NOSCRIPT No matching script. Please use EVAL.");
    run_script(c, *found, *keys);
}

void script_runner::run_script(context& c, const compiled& which, std::size_t keys) {
    const script_store::script_ptr script = which.script; // SCRIPT FLUSH may come while it runs
    const bool read_only = has(c.self.flags, command_flag::readonly);
    if (read_only && !script->flags.undeclared && !script->flags.no_writes)
        return c.reply.error(not_read_only);
    script_call call{.read_only = read_only || script->flags.no_writes,
                     .out_of_memory = commands_->is_out_of_memory() && !script->flags.allow_oom};
    const std::span<const std::string_view> words = c.args.subspan(3);
    if (run(c, script_kind::script,
            {which.function, script->sha, words.first(keys), words.subspan(keys)}, call,
            script->roams.load(std::memory_order_relaxed)))
        script->roams.store(true, std::memory_order_relaxed);
}

void script_runner::fcall(context& c) {
    commands_->show_to_monitors(c); // in front of what it calls
    loaded_functions::one* const found = functions_.find(c.args[1]);
    if (found == nullptr) return c.reply.error("ERR Function not found");
    const std::optional<std::int64_t> given = parse_integer(c.args[2]);
    if (!given) return c.reply.error("ERR Bad number of keys provided");
    const std::optional<std::size_t> keys = count_keys(c);
    if (!keys) return;
    const bool read_only = has(c.self.flags, command_flag::readonly);
    if (read_only && !found->flags.no_writes) return c.reply.error(not_read_only);
    script_call call{.read_only = found->flags.no_writes,
                     .out_of_memory = commands_->is_out_of_memory() && !found->flags.allow_oom};
    const std::span<const std::string_view> words = c.args.subspan(3);
    if (run(c, script_kind::function,
            {found->function, found->name, words.first(*keys), words.subspan(*keys)}, call,
            found->roams))
        found->roams = true;
}

// True if it has turned out that the script should be run with all shards locked.
bool script_runner::run(context& c, script_kind kind, const script_run& what, script_call& call,
                        bool lock_all) {
    const std::uint32_t database = c.client.database;
    const bool may_park = std::exchange(c.effects.may_park, false);
    c.effects.in_script = true;
    const std::size_t before = c.reply.buffer().size();
    const std::uint64_t errors = c.reply.errors();
    call_ = &call;
    if (lock_all) commands_->lock_all_for_script();
    run_once(c, kind, what);
    if (std::exchange(call.needs_all, false)) {
        // It has changed nothing, so that nobody can tell: from the beginning, with all locks.
        c.reply.buffer().truncate(before);
        c.reply.forget_errors_since(errors);
        c.client.database = database;
        commands_->lock_all_for_script();
        run_once(c, kind, what);
    }
    c.client.database = database;
    c.effects.may_park = may_park;
    c.effects.in_script = false;
    return call.wants_all;
}

void script_runner::run_once(context& c, script_kind kind, const script_run& what) {
    running_ = &c;
    name_ = what.name;
    began_ = std::chrono::steady_clock::now();
    slot_.begin(kind);
    interpreter& lua = kind == script_kind::script ? scripts() : functions_.lua();
    lua.run(what, *this, c.reply);
    slot_.end();
    slot_.set_memory(kind, lua.memory());
    running_ = nullptr;
    if (!std::exchange(long_, false)) return;
    c.server.running().hide(slot_);
    c.store.end_long_hold();
}

// From now on others are told that the server is busy, instead of letting them wait.
void script_runner::begin_long_run() {
    context& c = *running_;
    long_script shown{
        .kind = *slot_.kind(), .name = std::string{name_}, .words = {}, .began = began_};
    shown.words.assign(c.args.begin(), c.args.end());
    c.server.running().show(slot_, std::move(shown));
    c.store.begin_long_hold();
    long_ = true;
    c.server.log(script_log_level::warning,
                 fmt::format("A script takes long and goes on, {} ms until now: {}",
                             std::chrono::duration_cast<std::chrono::milliseconds>(
                                 std::chrono::steady_clock::now() - began_)
                                 .count(),
                             name_));
}

// -- What the script asks for -----------------------------------------------------------------

bool script_runner::call(std::span<const std::string_view> words, reply_writer& reply) noexcept {
    const std::size_t before = reply.buffer().size();
    try {
        commands_->execute_scripted(running_->client, *call_, words, reply);
    } catch (const std::bad_alloc&) {
        reply.buffer().truncate(before);
        reply.error("ERR out of memory");
    } catch (const server_busy&) { // another script, of another thread
        reply.buffer().truncate(before);
        reply.error(running_->server.running().busy_text());
    }
    if (call_->wrote) slot_.wrote();
    return !call_->needs_all;
}

call_permission script_runner::permission(std::span<const std::string_view> words) noexcept {
    const command* row = running_->commands.find(words[0]);
    if (row != nullptr && !row->subcommands.empty() && words.size() > 1)
        row = find_subcommand(*row, words[1]);
    return row == nullptr ? call_permission::unknown_command : call_permission::yes;
}

void script_runner::count_errors(reply_writer& reply) noexcept {
    try {
        commands_->count_errors(reply);
    } catch (const std::bad_alloc&) { // then it is not among the codes
        reply.mark_errors_counted();
    }
}

void script_runner::log(script_log_level level, std::string_view text) noexcept {
    if (running_ == nullptr) return;
    call_->acted = true;
    running_->server.log(level, text);
}

bool script_runner::may_go_on() noexcept {
    running_scripts& all = running_->server.running();
    if (all.ending() || slot_.is_doomed()) return false;
    const std::chrono::milliseconds limit{
        running_->server.configuration().busy_reply_threshold.load(std::memory_order_relaxed)};
    if (!long_) {
        if (std::chrono::steady_clock::now() - began_ < limit) return true;
        try {
            begin_long_run();
        } catch (const std::bad_alloc&) {
            return true; // then nobody is told
        }
    }
    commands_->serve_others(running_->client);
    return !all.ending() && !slot_.is_doomed();
}

std::string_view script_runner::reason_to_end() noexcept {
    return "ERR Script killed by user with SCRIPT KILL...";
}

} // namespace mini_redis
