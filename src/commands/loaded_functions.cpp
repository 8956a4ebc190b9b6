#include "commands/loaded_functions.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "commands/arguments.hpp"
#include "scripting/script_header.hpp"

namespace mini_redis {
namespace {

// What a library may reach while its code runs, once: nothing. It must be done in a while.
class loading_host final : public script_host {
public:
    explicit loading_host(services& server) noexcept : server_{server} {}

    bool call(std::span<const std::string_view>, reply_writer&) noexcept override { return false; }

    call_permission permission(std::span<const std::string_view>) noexcept override {
        return call_permission::no;
    }

    void count_errors(reply_writer&) noexcept override {}

    void log(script_log_level level, std::string_view text) noexcept override {
        server_.log(level, text);
    }

    bool may_go_on() noexcept override { return std::chrono::steady_clock::now() < deadline_; }

    std::string_view reason_to_end() noexcept override { return "ERR FUNCTION LOAD timeout"; }

private:
    services& server_;
    std::chrono::steady_clock::time_point deadline_ =
        std::chrono::steady_clock::now() + std::chrono::milliseconds{500};
};

script_flags flags_of(const library_function& function) {
    script_flags flags;
    for (const std::string& each : function.flags)
        flags.set(each);
    return flags;
}

} // namespace

interpreter& loaded_functions::lua() {
    if (!lua_) lua_ = std::make_unique<interpreter>(interpreter::kind::functions);
    return *lua_;
}

library_ptr loaded_functions::load(std::string_view code, std::string& error) {
    const std::optional<library_header> header = parse_library_header(code, error);
    if (!header) return nullptr;
    loading_host host{*server_};
    loaded_library made;
    const bool loaded = lua().load(header->code, host, made.functions, error);
    if (loaded && made.functions.empty()) error = "ERR No functions registered";
    if (!loaded || made.functions.empty()) {
        forget(made);
        return nullptr;
    }
    const auto library = std::make_shared<function_library>();
    library->name = header->name;
    library->code = code;
    for (const library_function& each : made.functions) {
        function_text text{.name = each.name, .description = each.description, .flags = {}};
        for (const std::string& flag : each.flags)
            if (std::find(text.flags.begin(), text.flags.end(), flag) == text.flags.end())
                text.flags.push_back(flag);
        library->functions.push_back(std::move(text));
    }
    made.library = library;
    libraries_.push_back(std::move(made)); // if it does not come to be known, follow() drops it
    generation_ = unfollowed;
    return library;
}

void loaded_functions::forget(const loaded_library& gone) {
    for (const library_function& each : gone.functions)
        lua_->forget(each.function);
}

// Loads what other threads have added, and drops what is gone.
void loaded_functions::follow() {
    const std::uint64_t now = known_->generation();
    if (now == generation_) return;
    const std::shared_ptr<const library_set> all = known_->all();
    functions_.clear();
    std::erase_if(libraries_, [&](const loaded_library& each) {
        const auto found = all->find(each.library->name);
        if (found != all->end() && found->second == each.library) return false;
        forget(each);
        return true;
    });
    for (const auto& [name, library] : *all) {
        const auto is_it = [&](const loaded_library& each) { return each.library == library; };
        if (std::any_of(libraries_.begin(), libraries_.end(), is_it)) continue;
        std::string error;
        const std::optional<library_header> header = parse_library_header(library->code, error);
        loading_host host{*server_};
        loaded_library made{.library = library, .functions = {}};
        if (header) lua().load(header->code, host, made.functions, error); // it was right before
        libraries_.push_back(std::move(made));
    }
    for (const loaded_library& each : libraries_)
        for (const library_function& function : each.functions)
            functions_.emplace(in_lower_case(function.name),
                               one{function.name, flags_of(function), function.function});
    generation_ = now;
}

loaded_functions::one* loaded_functions::find(std::string_view name) {
    follow();
    const auto found = functions_.find(in_lower_case(name));
    return found != functions_.end() ? &found->second : nullptr;
}

} // namespace mini_redis
