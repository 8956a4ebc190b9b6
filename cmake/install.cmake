# What `cmake --install` puts where, so that find_package(mini_redis CONFIG) and pkg-config find it.
include_guard()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(mini_redis_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/mini_redis")

install(TARGETS mini_redis mini_redis_asio EXPORT mini_redis-targets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT mini_redis-targets NAMESPACE mini_redis:: DESTINATION "${mini_redis_cmake_dir}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING PATTERN "*.hpp")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
foreach(program mini-redis-server mini-redis-client)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
    endif()
endforeach()
if(mini_redis_asio_fetched)
    install(DIRECTORY "${mini_redis_asio_include_dir}/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.ipp")
endif()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/mini_redis-config.cmake.in"
    "${PROJECT_BINARY_DIR}/mini_redis-config.cmake" INSTALL_DESTINATION "${mini_redis_cmake_dir}"
    PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/mini_redis-config-version.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/mini_redis-config.cmake" "${PROJECT_BINARY_DIR}/mini_redis-config-version.cmake"
    DESTINATION "${mini_redis_cmake_dir}")

# pkg-config: the prefix is found from the file's own place, so that the tree can be moved.
file(RELATIVE_PATH mini_redis_pc_to_prefix
    "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
set(mini_redis_pc_tls "")
if(mini_redis_has_tls)
    set(mini_redis_pc_tls " openssl")
endif()
set(mini_redis_pc_lua "")
if(mini_redis_has_lua)
    list(JOIN mini_redis_lua_libraries " " mini_redis_pc_lua)
    string(PREPEND mini_redis_pc_lua " ")
endif()
set(mini_redis_pc_cflags "")
get_target_property(definitions mini_redis_asio INTERFACE_COMPILE_DEFINITIONS)
foreach(definition IN LISTS definitions)
    if(NOT definition MATCHES "BUILD_INTERFACE")
        string(APPEND mini_redis_pc_cflags " -D${definition}")
    endif()
endforeach()
configure_file("${PROJECT_SOURCE_DIR}/cmake/mini_redis.pc.in" "${PROJECT_BINARY_DIR}/mini_redis.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/mini_redis.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
