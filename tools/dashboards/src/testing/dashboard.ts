// What of a dashboard's JSON is looked at here.

export interface DataSourceRef {
  readonly type?: string;
  readonly uid?: string;
}

export interface Target {
  refId: string;
  expr: string;
  datasource: DataSourceRef;
  instant?: boolean;
  queryType?: string;
  maxLines?: number;
  legendFormat?: string;
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: DataSourceRef;
  interval?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Target[];
  fieldConfig?: {
    defaults: { unit?: string; links?: Link[]; custom?: unknown };
    overrides: { matcher: { options: string }; properties: { id: string; value: unknown }[] }[];
  };
  transformations?: { options: { renameByName?: Record<string, string> } }[];
}

export interface Link {
  readonly title: string;
  readonly url: string;
}

export interface Variable {
  name: string;
  type: string;
  label?: string;
  query?: string;
  datasource?: DataSourceRef;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string;
  regex?: string;
  refresh?: number;
}

export interface Annotation {
  name: string;
  datasource: DataSourceRef;
  expr: string;
  target: { expr: string };
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
}

export interface Dashboard {
  uid: string;
  title: string;
  description: string;
  schemaVersion: number;
  editable: boolean;
  tags: string[];
  panels: Panel[];
  templating: { list: Variable[] };
  annotations: { list: Annotation[] };
  links: { type: string; url: string; includeVars: boolean; keepTime: boolean }[];
}
