# install.cmake - what `cmake --install` copies, and `cpack` puts into Debian packages.
#
# Three parts: `runtime` is what a program needs that was linked with the shared library,
# `development` what its author needs, `tools` the programs.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
find_package(Threads REQUIRED)
get_property(components GLOBAL PROPERTY CY_LIBRARY)
get_property(folders GLOBAL PROPERTY CY_LIBRARY_FOLDERS)
get_property(needs GLOBAL PROPERTY CY_LIBRARY_NEEDS)
list(REMOVE_DUPLICATES needs)
set(here ${CMAKE_CURRENT_LIST_DIR})
set(out ${CMAKE_BINARY_DIR}/install)
set(CY_ABI 0) # rises when a program must be compiled anew

# One archive and one shared library, made of all components.
set(objects)
foreach(c IN LISTS components)
  list(APPEND objects $<TARGET_OBJECTS:cycos_${c}>)
endforeach()
add_library(cycos_static STATIC ${objects})
set(libraries cycos_static)
if(CY_SHARED)
  set(objects)
  foreach(c IN LISTS components)
    list(APPEND objects $<TARGET_OBJECTS:cycos_${c}_pic>)
  endforeach()
  add_library(cycos SHARED ${objects})
  # Calls from one file to another become direct ones: nobody outside can take their place.
  target_link_options(cycos PRIVATE LINKER:--version-script=${here}/cycos.map
    LINKER:-Bsymbolic-functions LINKER:-z,defs LINKER:-z,relro)
  target_link_libraries(cycos PRIVATE Threads::Threads ${needs})
  set_target_properties(cycos PROPERTIES VERSION ${CY_ABI}.${PROJECT_VERSION}
    SOVERSION ${CY_ABI} LINK_DEPENDS ${here}/cycos.map)
  list(APPEND libraries cycos)
endif()

# What a program links that takes the archive; and for Debian. In an order that a linker can
# follow, which pkg-config would not keep if it were told to ask the others' files.
set(static_libraries)
set(static_packages)
if("PkgConfig::WOLFSSL" IN_LIST needs)
  list(APPEND static_libraries wolfssl)
  list(APPEND static_packages libwolfssl-dev)
endif()
if(CY_RCU_USED STREQUAL "liburcu")
  list(APPEND static_libraries urcu-qsbr urcu-common)
  list(APPEND static_packages liburcu-dev)
endif()
list(APPEND static_libraries m) # wolfSSL's archive, whose pkg-config file does not say so
list(TRANSFORM static_libraries PREPEND "-l" OUTPUT_VARIABLE static_flags)
list(JOIN static_flags " " static_flags)
list(JOIN static_packages ", " static_packages)
foreach(library IN LISTS libraries)
  target_include_directories(${library} INTERFACE
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  set_target_properties(${library} PROPERTIES LINKER_LANGUAGE C OUTPUT_NAME cycos)
endforeach()
target_link_libraries(cycos_static INTERFACE $<INSTALL_INTERFACE:-pthread>)
foreach(library IN LISTS static_libraries)
  target_link_libraries(cycos_static INTERFACE $<INSTALL_INTERFACE:${library}>)
endforeach()

install(TARGETS ${libraries} EXPORT cycos
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
foreach(folder IN LISTS folders)
  if(EXISTS ${folder}/include)
    install(DIRECTORY ${folder}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
      COMPONENT development FILES_MATCHING PATTERN "*.h" PATTERN impl EXCLUDE)
  endif()
endforeach()

# find_package(cycos): cycos::cycos and cycos::cycos_static.
set(config ${CMAKE_INSTALL_LIBDIR}/cmake/cycos)
install(EXPORT cycos NAMESPACE cycos:: DESTINATION ${config} FILE cycosTargets.cmake
  COMPONENT development)
write_basic_package_version_file(${out}/cycosConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${here}/cycosConfig.cmake ${out}/cycosConfigVersion.cmake
  DESTINATION ${config} COMPONENT development)

# pkg-config cycos; with --static what the archive needs.
file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" up ${up})
configure_file(${here}/cycos.pc.in ${out}/cycos.pc @ONLY)
install(FILES ${out}/cycos.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT development)

# The programs, under names that do not collide.
set(programs)
set(told) # what the manual pages are told of them
foreach(name cycos-kv cycos-load cycosctl)
  string(REPLACE "cycos-" "" program ${name})
  if(TARGET ${program})
    list(APPEND programs ${program})
    list(APPEND told --program ${name}=$<TARGET_FILE:${program}>)
    install(PROGRAMS $<TARGET_FILE:${program}> DESTINATION ${CMAKE_INSTALL_BINDIR}
      RENAME ${name} COMPONENT tools)
  endif()
endforeach()
install(FILES ${CMAKE_SOURCE_DIR}/apps/cycosctl/cycosctl.bash RENAME cycosctl
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT tools)
install(PROGRAMS ${CMAKE_SOURCE_DIR}/scripts/launch DESTINATION ${CMAKE_INSTALL_BINDIR}
  RENAME cycos-launch COMPONENT tools)

# With --strip, as for packages: CMake does it for libraries and for programs that keep their
# names. The archive keeps its symbols, or nothing could be linked with it.
install(CODE "if(CMAKE_INSTALL_DO_STRIP)
  file(GLOB files \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/cycos*\")
  list(FILTER files EXCLUDE REGEX \"/cycos-launch$\")
  execute_process(COMMAND ${CMAKE_STRIP} \${files} COMMAND_ERROR_IS_FATAL ANY)
endif()" COMPONENT tools)
install(CODE "if(CMAKE_INSTALL_DO_STRIP)
  execute_process(COMMAND ${CMAKE_STRIP} --strip-debug
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/libcycos.a\"
    COMMAND_ERROR_IS_FATAL ANY)
endif()" COMPONENT development)

if(EXISTS ${CMAKE_SOURCE_DIR}/apps/cycosctl/cycosctl.bash)
  install(FILES ${CMAKE_SOURCE_DIR}/apps/cycosctl/cycosctl.bash RENAME cycosctl COMPONENT tools
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
endif()

# The manual pages. The programs say themselves what options they have, so they must run here.
find_package(Python3 COMPONENTS Interpreter)
if(CY_SHARED AND Python3_FOUND AND NOT CMAKE_CROSSCOMPILING)
  set(texts ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/runtime/metrics.md
    ${CMAKE_SOURCE_DIR}/scripts/launch ${here}/cycos.md)
  foreach(f man.py roff.py headers.py tidy.py)
    list(APPEND texts ${CMAKE_SOURCE_DIR}/scripts/${f})
  endforeach()
  foreach(folder IN LISTS folders)
    file(GLOB headers CONFIGURE_DEPENDS ${folder}/include/cycos/*.h)
    list(APPEND texts ${headers})
  endforeach()
  file(GLOB pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/apps/*/*.md)
  list(APPEND texts ${pages})
  add_custom_command(OUTPUT ${out}/man.stamp
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/scripts/man.py
      --version ${PROJECT_VERSION} --out ${out}/man ${told}
    COMMAND ${CMAKE_COMMAND} -E touch ${out}/man.stamp
    DEPENDS ${texts} ${programs} VERBATIM)
  add_custom_target(man ALL DEPENDS ${out}/man.stamp)
  install(DIRECTORY ${out}/man/man3 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT development)
  install(FILES ${out}/man/man7/cycos.7 DESTINATION ${CMAKE_INSTALL_MANDIR}/man7
    COMPONENT development)
  install(DIRECTORY ${out}/man/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT tools)
  install(FILES ${out}/man/man7/cycos-metrics.7 DESTINATION ${CMAKE_INSTALL_MANDIR}/man7
    COMPONENT tools)
endif()

# One instance per core, looked after by systemd.
install(FILES ${here}/cycos@.service DESTINATION lib/systemd/system COMPONENT tools)
