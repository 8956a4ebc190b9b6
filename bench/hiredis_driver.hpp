// hiredis at its fastest, for client_compare: commands as arrays of words (no format string to
// parse), and an event adapter that is no more than poll() of the one socket.
#pragma once

#include <array>
#include <cstddef>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <memory>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "client_load.hpp"

// GET of one key, as redisCommandArgv and its kin take it.
class hiredis_get {
public:
    explicit hiredis_get(const std::string& key)
        : words_{"GET", key.c_str()},
          sizes_{3, key.size()} {}

    static constexpr int size() noexcept { return 2; }

    const char** words() noexcept { return words_.data(); }

    const std::size_t* sizes() const noexcept { return sizes_.data(); }

private:
    std::array<const char*, 2> words_;
    std::array<std::size_t, 2> sizes_;
};

inline void check(const redisReply* reply, const client_load& load) {
    if (!reply || reply->type != REDIS_REPLY_STRING || reply->len != load.value_size)
        throw std::runtime_error("hiredis: not the reply that was expected");
}

/// Its blocking calls.
class hiredis_blocking_driver {
public:
    explicit hiredis_blocking_driver(const server_endpoint& server)
        : context_{redisConnect(server.host.c_str(), server.port)} {
        if (!context_ || context_->err)
            throw std::runtime_error("hiredis: " + std::string{context_ ? context_->errstr : ""});
    }

    void get_one_by_one(const client_load& load) {
        hiredis_get get{load.key};
        for (long i = 0; i < load.calls; ++i) {
            const reply answer{static_cast<redisReply*>(
                redisCommandArgv(context_.get(), get.size(), get.words(), get.sizes()))};
            check(answer.get(), load);
        }
    }

    /// `at_once` requests, then their replies.
    void get_in_batches(const client_load& load) {
        hiredis_get get{load.key};
        for (long done = 0; done < load.calls; done += load.at_once) {
            for (long i = 0; i < load.at_once; ++i)
                redisAppendCommandArgv(context_.get(), get.size(), get.words(), get.sizes());
            for (long i = 0; i < load.at_once; ++i) {
                void* received = nullptr;
                redisGetReply(context_.get(), &received);
                const reply answer{static_cast<redisReply*>(received)};
                check(answer.get(), load);
            }
        }
    }

private:
    struct deleter {
        void operator()(redisContext* context) const { redisFree(context); }

        void operator()(redisReply* reply) const { freeReplyObject(reply); }
    };

    using reply = std::unique_ptr<redisReply, deleter>;

    std::unique_ptr<redisContext, deleter> context_;
};

/// Its asynchronous calls, in a loop of their own.
///
/// The adapter tries to write as soon as there is something to be written, and asks poll() only if
/// the socket took not all of it. The adapters that come with hiredis ask first, which is one
/// system call more each turn.
class hiredis_async_driver {
public:
    enum class command_form { words, format };

    explicit hiredis_async_driver(const server_endpoint& server)
        : context_{redisAsyncConnect(server.host.c_str(), server.port)} {
        if (!context_ || context_->err)
            throw std::runtime_error("hiredis: " + std::string{context_ ? context_->errstr : ""});
        context_->data = this;
        context_->ev.data = this;
        context_->ev.addRead = [](void* self) { of(self).reads_ = true; };
        context_->ev.delRead = [](void* self) { of(self).reads_ = false; };
        context_->ev.addWrite = [](void* self) { of(self).writes_ = true; };
        context_->ev.delWrite = [](void* self) { of(self).writes_ = false; };
        wait_for(POLLOUT); // until it is connected
        redisAsyncHandleWrite(context_.get());
    }

    hiredis_async_driver(const hiredis_async_driver&) = delete;
    hiredis_async_driver& operator=(const hiredis_async_driver&) = delete;

    /// Keeps `at_once` calls under way: each callback makes the next call.
    void get(const client_load& load, command_form form) {
        load_ = &load;
        form_ = form;
        hiredis_get words{load.key};
        get_ = &words;
        not_begun_ = load.calls - load.at_once;
        not_ended_ = load.calls;
        has_failed_ = false;
        for (long i = 0; i < load.at_once; ++i)
            call();
        while (not_ended_ > 0 && !has_failed_) {
            if (writes_) redisAsyncHandleWrite(context_.get());
            const short wanted =
                static_cast<short>((reads_ ? POLLIN : 0) | (writes_ ? POLLOUT : 0));
            if ((wait_for(wanted) & POLLIN) != 0) redisAsyncHandleRead(context_.get());
        }
        if (has_failed_) throw std::runtime_error("hiredis: a call failed");
    }

private:
    static hiredis_async_driver& of(void* self) {
        return *static_cast<hiredis_async_driver*>(self);
    }

    short wait_for(short events) {
        pollfd waiting{.fd = context_->c.fd, .events = events, .revents = 0};
        if (poll(&waiting, 1, -1) < 0) throw std::runtime_error("poll failed");
        if ((waiting.revents & (POLLERR | POLLHUP)) != 0)
            throw std::runtime_error("hiredis: the connection is lost");
        return waiting.revents;
    }

    void call() {
        if (form_ == command_form::words)
            redisAsyncCommandArgv(context_.get(), on_reply, nullptr, get_->size(), get_->words(),
                                  get_->sizes());
        else
            redisAsyncCommand(context_.get(), on_reply, nullptr, "GET %b", load_->key.data(),
                              load_->key.size());
    }

    // Nothing may be thrown through the C functions that call it.
    static void on_reply(redisAsyncContext* context, void* received, void* /*data*/) {
        auto& self = of(context->data);
        const auto* const reply = static_cast<const redisReply*>(received);
        --self.not_ended_;
        if (!reply || reply->type != REDIS_REPLY_STRING || reply->len != self.load_->value_size) {
            self.has_failed_ = true;
        } else if (self.not_begun_ > 0) {
            --self.not_begun_;
            self.call();
        }
    }

    struct deleter {
        void operator()(redisAsyncContext* context) const { redisAsyncFree(context); }
    };

    const client_load* load_ = nullptr;
    hiredis_get* get_ = nullptr;
    command_form form_ = command_form::words;
    long not_begun_ = 0;
    long not_ended_ = 0;
    bool has_failed_ = false;
    bool reads_ = false;
    bool writes_ = false;
    std::unique_ptr<redisAsyncContext, deleter> context_; // first to go: it calls back
};
