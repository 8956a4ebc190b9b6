#include <mini_redis/result.hpp>

#include <stdexcept>

namespace mini_redis {

std::exception_ptr failure::to_exception() const {
    if (code_ == errc::error_reply) return std::make_exception_ptr(redis_error(text_));
    if (text_.empty()) return std::make_exception_ptr(call_error(code_, may_have_run_));
    return std::make_exception_ptr(call_error(code_, text_, may_have_run_));
}

failure failure::from(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const redis_error& error) {
        return error_reply(error.what());
    } catch (const std::system_error& error) {
        // what() ends with the code's message, which message() adds by itself.
        std::string text = error.what();
        const std::string tail = ": " + error.code().message();
        if (text.ends_with(tail))
            text.resize(text.size() - tail.size());
        else
            text.clear();
        const auto* const call = dynamic_cast<const call_error*>(&error);
        return {error.code(), std::move(text), !call || call->may_have_run()};
    } catch (const std::bad_alloc&) {
        return {std::make_error_code(std::errc::not_enough_memory)};
    } catch (const std::exception& error) {
        return {errc::unexpected_reply, error.what()};
    } catch (...) {
        return {errc::unexpected_reply};
    }
}

} // namespace mini_redis
