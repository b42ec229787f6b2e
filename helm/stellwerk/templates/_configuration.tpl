{{- /* What the pods run with: `config` of the values, plus what the chart must know itself. */ -}}
{{- define "stellwerk.configuration" -}}
{{- $config := deepCopy .Values.config -}}
{{- $node := default (dict) $config.node -}}
{{- if $node.data_directory -}}
{{- fail "config.node.data_directory is set by the chart (the volume is mounted there); remove it" -}}
{{- end -}}
{{- $_ := set $config "node" (merge (dict "data_directory" "/var/lib/stellwerk") $node) -}}
{{- $http := default (dict) $config.http -}}
{{- if $http.admin -}}
{{- fail "config.http.admin is set by the chart; use the values below `admin`" -}}
{{- end -}}
{{- $admin := dict "address" (printf "0.0.0.0:%d" (int .Values.admin.port)) -}}
{{- if .Values.admin.tokenHash -}}
{{- $_ := set $admin "token_hash" .Values.admin.tokenHash -}}
{{- else -}}
{{- $_ := set $admin "token_hash" (dict "file" "/etc/stellwerk/secrets/admin/token_hash") -}}
{{- end -}}
{{- $_ := set $config "http" (merge (dict "admin" $admin) $http) -}}
{{- with (default (dict) $config.ingress).grpc -}}
{{- if $.Values.grpc.existingSecret -}}
{{- $tls := dict "certificate" "/etc/stellwerk/secrets/grpc/tls.crt" "key" "/etc/stellwerk/secrets/grpc/tls.key" -}}
{{- if $.Values.grpc.clientCa -}}
{{- $_ := set $tls "client_ca" "/etc/stellwerk/secrets/grpc/ca.crt" -}}
{{- end -}}
{{- $_ := set . "tls" $tls -}}
{{- else if not (or .tls .allow_plaintext) -}}
{{- $_ := set . "allow_plaintext" true -}}
{{- end -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- /* The port of an address; an address that only the pod itself can reach is a fault. */ -}}
{{- define "stellwerk.port" -}}
{{- if regexMatch "^(127\\.|localhost|\\[::1\\])" .address -}}
{{- fail (printf "%s: %s is reachable from inside the pod only; use 0.0.0.0 or [::]" .path .address) -}}
{{- end -}}
{{- $port := regexFind "[0-9]+$" .address -}}
{{- if or (not $port) (eq $port "0") -}}
{{- fail (printf "%s: %s names no port" .path .address) -}}
{{- end -}}
{{- if lt (int $port) 1024 -}}
{{- fail (printf "%s: port %s needs a privilege that the pod does not have; listen above 1024 and map it in service.smtp.ports" .path $port) -}}
{{- end -}}
{{- $port -}}
{{- end -}}

{{- /* {"ports": [{name, port, service, door}]}: every port of the container, read from the configuration. */ -}}
{{- define "stellwerk.ports" -}}
{{- $ports := list -}}
{{- $ingress := default (dict) .Values.config.ingress -}}
{{- range $ingress.smtp -}}
{{- $name := .name | lower | replace "_" "-" | replace "." "-" -}}
{{- if gt (len $name) 15 -}}
{{- fail (printf "config.ingress.smtp: the name %s is longer than the 15 characters of a port name" .name) -}}
{{- end -}}
{{- $port := include "stellwerk.port" (dict "address" .address "path" (printf "config.ingress.smtp[%s].address" .name)) | int -}}
{{- $service := default $port (get $.Values.service.smtp.ports .name) | int -}}
{{- $ports = append $ports (dict "name" $name "port" $port "service" $service "door" "smtp") -}}
{{- end -}}
{{- with $ingress.grpc -}}
{{- $port := include "stellwerk.port" (dict "address" .address "path" "config.ingress.grpc.address") | int -}}
{{- $ports = append $ports (dict "name" "grpc" "port" $port "service" (int $.Values.service.grpc.port) "door" "grpc") -}}
{{- end -}}
{{- with (default (dict) .Values.config.http).public -}}
{{- $port := include "stellwerk.port" (dict "address" .address "path" "config.http.public.address") | int -}}
{{- $ports = append $ports (dict "name" "http" "port" $port "service" (int $.Values.service.public.port) "door" "public") -}}
{{- end -}}
{{- $ports = append $ports (dict "name" "admin" "port" (int .Values.admin.port) "service" (int .Values.admin.port) "door" "admin") -}}
{{- toYaml (dict "ports" $ports) -}}
{{- end -}}

{{- define "stellwerk.adminSecret" -}}
{{- .Values.admin.existingSecret | default (printf "%s-admin" (include "stellwerk.fullname" .)) -}}
{{- end -}}

{{- /* Folders under /etc/stellwerk/secrets: those of the values, and the two the chart knows. */ -}}
{{- define "stellwerk.secrets" -}}
{{- $secrets := .Values.secrets -}}
{{- if not .Values.admin.tokenHash -}}
{{- $secrets = append $secrets (dict "name" "admin" "existingSecret" (include "stellwerk.adminSecret" .)) -}}
{{- end -}}
{{- if .Values.grpc.existingSecret -}}
{{- $secrets = append $secrets (dict "name" "grpc" "existingSecret" .Values.grpc.existingSecret) -}}
{{- end -}}
{{- toYaml (dict "secrets" $secrets) -}}
{{- end -}}
