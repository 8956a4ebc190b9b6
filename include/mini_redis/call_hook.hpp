// What a client tells of its calls: for traces, statistics and logs.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string_view>
#include <system_error>

namespace mini_redis {

/// A call that begins. What it refers to is there during the hook alone.
struct call_begin {
    std::string_view command; ///< "GET"; of a pipeline its first command's
    std::size_t commands = 1; ///< how many there are in the pipeline or transaction
    std::size_t size = 0;     ///< of the request, in bytes
};

/// A call that has ended. What it refers to is there during the hook alone.
struct call_end {
    std::error_code error{}; ///< none; or why there is no reply; or errc::error_reply
    std::string_view text{}; ///< the server's error, or what else is known
    std::size_t size = 0;    ///< of the last reply, in bytes; 0: none came
};

/// Called when a call begins, on its caller's stack, so that what belongs to the caller (its span,
/// its time) can be taken up. What it returns is called when the call has ended, before the caller
/// is told; nothing, if it returns an empty function.
///
///     options.on_call = [tracer](const call_begin& begin) -> call_observer {
///         auto span = tracer->StartSpan(std::string{begin.command});
///         return [span](const call_end& end) {
///             if (end.error) span->SetStatus(StatusCode::kError, std::string{end.text});
///             span->End();
///         };
///     };
///
/// It may look at the client, start calls and close it; it must not throw.
using call_observer = std::function<void(const call_end&)>;
using call_hook = std::function<call_observer(const call_begin&)>;

/// How much a message matters; the values are spdlog's, so that static_cast translates.
enum class log_level { debug = 1, info = 2, warn = 3, error = 4 };

/// Told what befalls the connections: made, lost, tried again in vain.
///
///     options.log = [](log_level level, std::string_view text) {
///         spdlog::log(static_cast<spdlog::level::level_enum>(level), "{}", text);
///     };
///
/// It may look at the client, start calls and close it; it must not throw.
using log_hook = std::function<void(log_level, std::string_view)>;

} // namespace mini_redis
